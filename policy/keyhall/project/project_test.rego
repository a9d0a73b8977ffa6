# The role matrix of a project, copied by hand from the promise. Never derive it from the roles.
package keyhall.project_test

import data.keyhall.project
import data.keyhall.roles

promise := {
	"view": {"owner", "member", "organization_owner"},
	"view_members": {"owner", "member", "organization_owner"},
	"view_usage": {"owner", "member", "organization_owner"},
	"view_limits": {"owner", "member", "organization_owner"},
	"create_api_key": {"owner", "member"},
	"edit": {"owner", "organization_owner"},
	"archive": {"owner", "organization_owner"},
	"add_member": {"owner", "organization_owner"},
	"update_member": {"owner", "organization_owner"},
	"remove_member": {"owner", "organization_owner"},
	"manage_service_accounts": {"owner", "organization_owner"},
	"manage_verifiers": {"owner", "organization_owner"},
	"edit_limits": {"owner", "organization_owner"},
}

actors := {"owner", "member", "organization_owner", "organization_reader", "stranger"}

shop := {
	"id": "prj_1",
	"members": [{"user_id": "owner", "role": "OWNER"}, {"user_id": "member", "role": "MEMBER"}],
	"organization": {"members": [
		{"user_id": "owner", "role": "READER"},
		{"user_id": "member", "role": "READER"},
		{"user_id": "organization_owner", "role": "OWNER"},
		{"user_id": "organization_reader", "role": "READER"},
	]},
}

left := object.union(shop, {"organization": {"members": [{"user_id": "organization_owner", "role": "OWNER"}]}})

request(actor, verb, row) := {"subject": {"id": actor}, "permission": verb, "resource": row, "env": {"now": 1000}}

test_allowed[verb][actor] if {
	some verb, allowed in promise
	some actor in allowed
	project[verb] with input as request(actor, verb, shop)
}

test_denied[verb][actor] if {
	some verb, allowed in promise
	some actor in (actors - allowed)
	not project[verb] with input as request(actor, verb, shop)
}

test_denied_after_leaving_the_organization[verb][actor] if {
	some verb in object.keys(promise)
	some actor in {"owner", "member"}
	not project[verb] with input as request(actor, verb, left)
}

test_unknown_roles_denied[verb][actor] if {
	some verb in object.keys(promise)
	row := json.patch(shop, [
		{"op": "replace", "path": "/members/0/role", "value": "ADMIN"},
		{"op": "replace", "path": "/organization/members/2/role", "value": "ADMIN"},
	])
	some actor in {"owner", "organization_owner"}
	not project[verb] with input as request(actor, verb, row)
}

test_empty_input_denied[verb] if {
	some verb in object.keys(promise)
	not project[verb] with input as {}
}

test_without_a_fact_denied[verb][path][actor] if {
	some verb in object.keys(promise)
	some path in {"/subject", "/subject/id", "/resource", "/resource/organization"}
	some actor in {"owner", "organization_owner"}
	not project[verb] with input as json.remove(request(actor, verb, shop), [path])
}

test_member_without_a_fact_denied[verb][path] if {
	some verb in object.keys(promise)
	some path in {"/resource/members", "/resource/members/0/user_id", "/resource/members/0/role"}
	not project[verb] with input as json.remove(request("owner", verb, shop), [path])
}

# A project member who is no person (a group) is not a subject who is not known.
test_absent_is_not_equal_to_absent[verb] if {
	some verb in object.keys(promise)
	absent := ["/subject/id", "/resource/members/0/user_id", "/resource/organization/members/0/user_id"]
	not project[verb] with input as json.remove(request("owner", verb, shop), absent)
}

needs_an_owner contains verb if {
	some verb, allowed in promise
	not "member" in allowed
}

test_member_is_told_that_an_owner_is_needed[verb] if {
	some verb in needs_an_owner
	text := sprintf("you are a member of this project; project.%s needs an owner", [verb])
	project.reasons == {text} with input as request("member", verb, shop)
}

test_organization_owner_is_told_who_creates_keys if {
	text := "you own the organization of this project; only members of a project create keys in it"
	project.reasons == {text} with input as request("organization_owner", "create_api_key", shop)
}

test_told_nothing_when_allowed[verb][actor] if {
	some verb, allowed in promise
	some actor in allowed
	project.reasons == set() with input as request(actor, verb, shop)
}

test_told_nothing_when_hidden[verb][actor] if {
	some verb in object.keys(promise)
	some actor in {"organization_reader", "stranger"}
	project.reasons == set() with input as request(actor, verb, shop)
}

test_told_nothing_about_an_unknown_verb[actor] if {
	some actor in actors
	project.reasons == set() with input as request(actor, "unknown", shop)
}

test_every_role_has_a_column if object.keys(roles.project) == {"project", "organization"}

test_every_role_has_a_row[column] if {
	some column, want in {"project": {"OWNER", "MEMBER"}, "organization": {"OWNER", "READER"}}
	object.keys(roles.project[column]) == want
}

test_every_verb_is_in_the_promise if {
	{verb | some column in roles.project; some verbs in column; some verb in verbs} == object.keys(promise)
}

# Places by group: what a group is given, everybody has who is in it now and in the organization. Rights add up.
by_group(person, role, until) := json.patch(shop, [{
	"op": "add",
	"path": "/members/-",
	"value": {
		"role": role,
		"group": {"status": "ENABLED", "members": [{"user_id": person, "expires_at": until}]},
	},
}])

role_of := {"owner": "OWNER", "member": "MEMBER"}

test_by_group_allowed[verb][like] if {
	some verb, allowed in promise
	some like in (allowed & object.keys(role_of))
	project[verb] with input as request("organization_reader", verb, by_group("organization_reader", role_of[like], 1001))
}

test_by_group_denied[verb][like] if {
	some verb, allowed in promise
	some like in (object.keys(role_of) - allowed)
	not project[verb] with input as request("organization_reader", verb, by_group("organization_reader", role_of[like], 0))
}

test_by_group_adds_up[verb] if {
	some verb in object.keys(promise)
	project[verb] with input as request("member", verb, by_group("member", "OWNER", 0))
}

test_by_group_denied_when_it_ended[verb] if {
	some verb in object.keys(promise)
	not project[verb] with input as request("organization_reader", verb, by_group("organization_reader", "OWNER", 1000))
}

test_by_group_denied_outside_the_organization[verb] if {
	some verb in object.keys(promise)
	not project[verb] with input as request("stranger", verb, by_group("stranger", "OWNER", 0))
}

test_by_group_denied_to_everybody_else[verb] if {
	some verb in object.keys(promise)
	not project[verb] with input as request("organization_reader", verb, by_group("somebody", "OWNER", 0))
}

test_by_disabled_group_denied[verb] if {
	some verb in object.keys(promise)
	row := json.patch(by_group("organization_reader", "OWNER", 0), [{
		"op": "replace",
		"path": "/members/2/group/status",
		"value": "DISABLED",
	}])
	not project[verb] with input as request("organization_reader", verb, row)
}

test_by_group_told_that_an_owner_is_needed if {
	text := "you are a member of this project; project.edit needs an owner"
	row := by_group("organization_reader", "MEMBER", 0)
	project.reasons == {text} with input as request("organization_reader", "edit", row)
}

test_told_nothing_when_a_group_allows if {
	project.reasons == set() with input as request("member", "edit", by_group("member", "OWNER", 0))
}
