# The role matrix of a secret, copied by hand from the promise. Never derive it from the roles.
package keyhall.secret_test

import data.keyhall.roles
import data.keyhall.secret

# verb: who may, on a secret that is enabled and does not expire. What is for its owner where links are switched on
# stands in outside_test.rego.
promise := {
	"view": readers,
	"reveal": readers,
	"view_sharing": readers,
	"edit": editors,
	"disable": editors,
	"view_versions": editors,
	"enable": {"owner"},
	"share": {"owner"},
	"unshare": {"owner"},
	"restore_version": {"owner"},
	"delete": {"owner"},
	"leave": {"editor", "viewer", "both_ways"},
}

editors := {"owner", "editor", "group_editor", "both_ways"}

readers := editors | {"viewer", "group_viewer"}

# Who has no way in: what they had has ended, gives nothing, or was never theirs.
outsiders := {
	"late_editor", "late_member", "member_of_late_grant", "disabled_member",
	"group_owner", "organization_owner", "organization_reader", "stranger",
}

actors := readers | outsiders

shared := {
	"id": "sec_1",
	"owner_id": "owner",
	"disabled_at": 0,
	"expires_at": 0,
	"organization": {"members": [
		{"user_id": "owner", "role": "READER"},
		{"user_id": "organization_owner", "role": "OWNER"},
		{"user_id": "organization_reader", "role": "READER"},
		{"user_id": "group_owner", "role": "READER"},
	]},
	"grants": [
		direct("editor", "EDIT", 0),
		direct("viewer", "VIEW", 2000),
		direct("late_editor", "EDIT", 1000),
		direct("both_ways", "VIEW", 0),
		through("EDIT", 2000, team("ENABLED", [
			member("group_editor", 0),
			member("late_member", 1000),
			member("both_ways", 2000),
		])),
		through("VIEW", 0, team("ENABLED", [member("group_viewer", 2000)])),
		through("EDIT", 1000, team("ENABLED", [member("member_of_late_grant", 0)])),
		through("EDIT", 0, team("DISABLED", [member("disabled_member", 0)])),
	],
}

direct(person, level, until) := {"user_id": person, "level": level, "expires_at": until}

through(level, until, group) := {"level": level, "expires_at": until, "group": group}

team(status, members) := {"owner_id": "group_owner", "status": status, "members": members}

member(person, until) := {"user_id": person, "expires_at": until}

set_to(path, value) := json.patch(shared, [{"op": "add", "path": path, "value": value}])

disabled_by(person) := object.union(shared, {"disabled_at": 7, "disabled_by_id": person})

without_grants := set_to("/grants", [])

request(actor, verb, row) := {
	"subject": {"id": actor, "administrator": true},
	"permission": verb,
	"resource": row,
	"env": {"now": 1000},
}

test_allowed[verb][actor] if {
	some verb, allowed in promise
	some actor in allowed
	secret[verb] with input as request(actor, verb, shared)
}

test_denied[verb][actor] if {
	some verb, allowed in promise
	some actor in (actors - allowed)
	not secret[verb] with input as request(actor, verb, shared)
}

test_disabled_is_revealed_to_nobody[actor] if {
	some actor in actors
	not secret.reveal with input as request(actor, "reveal", disabled_by("owner"))
}

test_expired_is_revealed_to_nobody[actor][until] if {
	some actor in actors
	some until in {1, 1000}
	not secret.reveal with input as request(actor, "reveal", set_to("/expires_at", until))
}

test_revealed_until_it_expires[actor] if {
	some actor in readers
	secret.reveal with input as request(actor, "reveal", set_to("/expires_at", 1001))
}

# Everything but its value stays with who has it.
test_disabled_and_expired_hides_nothing_else[verb][actor] if {
	some verb, allowed in promise
	not verb in {"reveal", "enable"}
	some actor in allowed
	secret[verb] with input as request(actor, verb, object.union(disabled_by("owner"), {"expires_at": 1}))
}

test_enabled_by_its_owner_whoever_disabled_it[person] if {
	some person in {"owner", "editor"}
	secret.enable with input as request("owner", "enable", disabled_by(person))
}

test_enabled_by_an_editor_who_disabled_it[actor] if {
	some actor in (editors - {"owner"})
	secret.enable with input as request(actor, "enable", disabled_by(actor))
}

test_not_enabled_by_an_editor_who_did_not_disable_it[actor] if {
	some actor in (editors - {"owner"})
	not secret.enable with input as request(actor, "enable", disabled_by("owner"))
}

test_not_enabled_by_who_cannot_edit_any_more[actor] if {
	some actor in (actors - editors)
	not secret.enable with input as request(actor, "enable", disabled_by(actor))
}

test_owner_who_left_the_organization_denied[verb] if {
	some verb in object.keys(promise)
	row := json.patch(shared, [{"op": "remove", "path": "/organization/members/0"}])
	not secret[verb] with input as request("owner", verb, row)
}

test_everybody_but_the_owner_denied_without_a_grant[verb][actor] if {
	some verb in object.keys(promise)
	some actor in (actors - {"owner"})
	not secret[verb] with input as request(actor, verb, without_grants)
}

# One of several ways is taken away, the others stay.
test_both_ways_still_edits_without_the_direct_grant if {
	row := json.patch(shared, [{"op": "remove", "path": "/grants/3"}])
	secret.edit with input as request("both_ways", "edit", row)
	not secret.leave with input as request("both_ways", "leave", row)
}

test_both_ways_still_views_without_the_group if {
	row := json.patch(shared, [{"op": "remove", "path": "/grants/4"}])
	secret.reveal with input as request("both_ways", "reveal", row)
	not secret.edit with input as request("both_ways", "edit", row)
}

test_unknown_level_denied[verb][actor] if {
	some verb in object.keys(promise)
	some actor in {"editor", "viewer", "group_editor", "group_viewer"}
	row := set_to("/grants", [grant | some g in shared.grants; grant := object.union(g, {"level": "OWNER"})])
	not secret[verb] with input as request(actor, verb, row)
}

test_unknown_state_of_a_group_denied[verb] if {
	some verb in object.keys(promise)
	not secret[verb] with input as request("group_editor", verb, set_to("/grants/4/group/status", "OTHER"))
}

test_empty_input_denied[verb] if {
	some verb in object.keys(promise)
	not secret[verb] with input as {}
}

# Where a fact is missing nobody is let in.
facts := {
	"owner": {"/subject", "/subject/id", "/resource", "/resource/owner_id", "/resource/organization"},
	"editor": {
		"/subject", "/subject/id", "/resource", "/resource/grants", "/resource/grants/0/user_id",
		"/resource/grants/0/level", "/resource/grants/0/expires_at",
	},
	"viewer": {"/subject/id", "/resource/grants/1/expires_at", "/env", "/env/now"},
	"group_editor": {
		"/subject/id", "/resource/grants/4/level", "/resource/grants/4/expires_at", "/resource/grants/4/group",
		"/resource/grants/4/group/status", "/resource/grants/4/group/members", "/env/now",
		"/resource/grants/4/group/members/0/user_id", "/resource/grants/4/group/members/0/expires_at",
	},
	"group_viewer": {"/env/now", "/resource/grants/5/group/members/0/expires_at"},
}

test_without_a_fact_denied[verb][actor][path] if {
	some verb in object.keys(promise)
	some actor, paths in facts
	some path in paths
	not secret[verb] with input as json.remove(request(actor, verb, shared), [path])
}

test_absent_is_not_equal_to_absent[verb] if {
	some verb in object.keys(promise)
	absent := [
		"/subject/id", "/resource/owner_id", "/resource/disabled_by_id", "/resource/grants/0/user_id",
		"/resource/grants/4/group/members/0/user_id", "/resource/organization/members/0/user_id",
	]
	not secret[verb] with input as json.remove(request("editor", verb, disabled_by("editor")), absent)
}

test_every_role_has_a_column if {
	object.keys(roles.secret) == {"owner", "grant"}
	object.keys(roles.secret.owner) == {"OWNER"}
	object.keys(roles.secret.grant) == {"EDIT", "VIEW"}
}

column := {
	"owner": roles.secret.owner.OWNER,
	"editor": roles.secret.grant.EDIT,
	"viewer": roles.secret.grant.VIEW,
}

# What a role holds under a condition that the secret of the promise does not meet.
conditional := {"enable": {"editor"}}

# The roles are also what people read, so they say no more than the promise.
test_roles_say_what_is_promised[verb][actor] if {
	some verb, allowed in promise
	some actor, verbs in column
	holders := allowed | object.get(conditional, verb, set())
	verbs & {verb} == {verb | actor in holders}
}

test_every_verb_is_in_the_promise if {
	held := {verb | some column in roles.secret; some verbs in column; some verb in verbs}
	held == object.keys(promise) | {"share_outside"}
}
