# The role matrix of a group, copied by hand from the promise. Never derive it from the roles.
package keyhall.group_test

import data.keyhall.group
import data.keyhall.roles

# verb: who may, on a group whose members do not see each other.
promise := {
	"view": {"owner", "member", "organization_owner"},
	"view_members": {"owner"},
	"edit": {"owner", "organization_owner"},
	"delete": {"owner"},
	"add_member": {"owner"},
	"remove_member": {"owner"},
	"leave": {"member"},
}

actors := {"owner", "member", "late_member", "organization_owner", "organization_reader", "stranger"}

closed := {
	"id": "grp_1",
	"owner_id": "owner",
	"status": "ENABLED",
	"members_can_view": false,
	"members": [{"user_id": "member", "expires_at": 2000}, {"user_id": "late_member", "expires_at": 1000}],
	"organization": {"members": [
		{"user_id": "owner", "role": "READER"},
		{"user_id": "organization_owner", "role": "OWNER"},
		{"user_id": "organization_reader", "role": "READER"},
	]},
}

open := object.union(closed, {"members_can_view": true})

request(actor, verb, row) := {
	"subject": {"id": actor, "administrator": true},
	"permission": verb,
	"resource": row,
	"env": {"now": 1000},
}

test_allowed[verb][actor] if {
	some verb, allowed in promise
	some actor in allowed
	group[verb] with input as request(actor, verb, closed)
}

test_denied[verb][actor] if {
	some verb, allowed in promise
	some actor in (actors - allowed)
	not group[verb] with input as request(actor, verb, closed)
}

test_members_see_each_other_where_the_group_lets_them if {
	group.view_members with input as request("member", "view_members", open)
}

test_everybody_else_denied_where_members_see_each_other[verb][actor] if {
	some verb, allowed in promise
	some actor in ((actors - allowed) - {"member"})
	not group[verb] with input as request(actor, verb, open)
}

test_a_membership_without_an_end_lasts if {
	row := json.patch(closed, [{"op": "replace", "path": "/members/0/expires_at", "value": 0}])
	group.view with input as request("member", "view", row)
}

# A disabled group gives nothing to its members but the sight of it.
test_disabled_group_is_still_seen[verb][actor] if {
	some verb, allowed in promise
	some actor in allowed
	group[verb] with input as request(actor, verb, object.union(closed, {"status": "DISABLED"}))
}

test_owner_who_left_the_organization_denied[verb] if {
	some verb in object.keys(promise)
	row := json.patch(closed, [{"op": "remove", "path": "/organization/members/0"}])
	not group[verb] with input as request("owner", verb, row)
}

test_owner_who_is_a_member_leaves_the_membership if {
	row := json.patch(closed, [{"op": "replace", "path": "/members/0/user_id", "value": "owner"}])
	group.leave with input as request("owner", "leave", row)
}

test_empty_input_denied[verb] if {
	some verb in object.keys(promise)
	not group[verb] with input as {}
}

facts := {
	"owner": {"/subject", "/subject/id", "/resource", "/resource/owner_id", "/resource/organization"},
	"member": {
		"/subject/id", "/resource/members", "/resource/members/0/user_id", "/resource/members/0/expires_at",
		"/env", "/env/now",
	},
	"organization_owner": {"/subject/id", "/resource/organization", "/resource/organization/members/1/role"},
}

test_without_a_fact_denied[verb][actor][path] if {
	some verb in object.keys(promise)
	some actor, paths in facts
	some path in paths
	not group[verb] with input as json.remove(request(actor, verb, closed), [path])
}

test_without_the_setting_members_do_not_see_each_other if {
	input_without := json.remove(request("member", "view_members", open), ["/resource/members_can_view"])
	not group.view_members with input as input_without
}

test_absent_is_not_equal_to_absent[verb] if {
	some verb in object.keys(promise)
	absent := [
		"/subject/id", "/resource/owner_id", "/resource/members/0/user_id",
		"/resource/organization/members/0/user_id",
	]
	not group[verb] with input as json.remove(request("owner", verb, open), absent)
}

test_told_that_an_owner_does_not_leave if {
	text := "you own this group and are no member of it; delete it instead"
	group.reasons == {text} with input as request("owner", "leave", closed)
}

test_told_that_it_needs_the_owner_of_the_group[verb] if {
	some verb in {"edit", "delete", "add_member", "remove_member", "view_members"}
	text := sprintf("you are a member of this group; group.%s needs its owner", [verb])
	group.reasons == {text} with input as request("member", verb, closed)
}

test_told_what_an_owner_of_the_organization_lacks[verb] if {
	some verb in {"delete", "add_member", "remove_member", "view_members"}
	text := sprintf("you own the organization of this group; group.%s needs its owner", [verb])
	group.reasons == {text} with input as request("organization_owner", verb, closed)
}

test_told_nothing_when_hidden[verb][actor] if {
	some verb in object.keys(promise)
	some actor in {"late_member", "organization_reader", "stranger"}
	group.reasons == set() with input as request(actor, verb, closed)
}

test_told_nothing_when_allowed[verb][actor] if {
	some verb, allowed in promise
	some actor in allowed
	group.reasons == set() with input as request(actor, verb, closed)
}

test_every_role_has_a_column if {
	object.keys(roles.group) == {"owner", "group", "organization"}
	object.keys(roles.group.owner) == {"OWNER"}
	object.keys(roles.group.group) == {"MEMBER"}
	object.keys(roles.group.organization) == {"OWNER", "READER"}
}

column := {
	"owner": roles.group.owner.OWNER,
	"member": roles.group.group.MEMBER,
	"organization_owner": roles.group.organization.OWNER,
	"organization_reader": roles.group.organization.READER,
}

# What a role holds under a condition that the group of the promise does not meet.
conditional := {"view_members": {"member"}}

test_roles_say_what_is_promised[verb][actor] if {
	some verb, allowed in promise
	some actor, verbs in column
	holders := allowed | object.get(conditional, verb, set())
	verbs & {verb} == {verb | actor in holders}
}

test_every_verb_is_in_the_promise if {
	{verb | some column in roles.group; some verbs in column; some verb in verbs} == object.keys(promise)
}
