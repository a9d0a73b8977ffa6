# Whose key it is once places in its project come by groups, are taken away, or belong to no person at all.
package keyhall.api_key_test

import data.keyhall.api_key
import data.keyhall.roles

# The key after a person lost their place in its project. They are in its organization still.
outside(key, person) := json.patch(key, [{
	"op": "replace",
	"path": "/project/members",
	"value": [member | some member in key.project.members; member.user_id != person],
}])

# The same with a group in the project, in a role, that the person is in until then; 0 is for ever.
by_group(person, role, until) := json.patch(outside(project_key, person), [{
	"op": "add",
	"path": "/project/members/-",
	"value": {
		"role": role,
		"group": {"status": "ENABLED", "members": [{"user_id": person, "expires_at": until}]},
	},
}])

test_owner_denied_outside_the_project[verb] if {
	some verb in object.keys(promise)
	not api_key[verb] with input as request("owner", verb, outside(project_key, "owner"))
}

test_owner_of_a_personal_key_needs_no_place_in_a_project[verb] if {
	some verb in promise_personal
	api_key[verb] with input as request("owner", verb, outside(personal_key, "owner"))
}

test_delete_allowed_to_an_organization_owner_after_the_owner_left_the_project if {
	api_key.delete with input as request("organization_owner", "delete", outside(project_key, "owner"))
}

promise_to[actor] contains verb if {
	some verb, allowed in promise
	some actor in allowed
}

test_owner_by_group_allowed[verb][role] if {
	some verb in promise_to.owner
	some role in {"OWNER", "MEMBER"}
	api_key[verb] with input as request("owner", verb, by_group("owner", role, 0))
}

test_owner_by_group_allowed_until_it_ends if {
	api_key.delete with input as request("owner", "delete", by_group("owner", "MEMBER", 1001))
	not api_key.delete with input as request("owner", "delete", by_group("owner", "MEMBER", 1000))
}

test_owner_by_disabled_group_denied[verb] if {
	some verb in object.keys(promise)
	key := json.patch(by_group("owner", "OWNER", 0), [{
		"op": "replace",
		"path": "/project/members/2/group/status",
		"value": "DISABLED",
	}])
	not api_key[verb] with input as request("owner", verb, key)
}

role_of := {"project_owner": "OWNER", "project_member": "MEMBER"}

test_project_roles_by_group[verb][actor] if {
	some verb, allowed in promise
	some actor in (allowed & object.keys(role_of))
	api_key[verb] with input as request(actor, verb, by_group(actor, role_of[actor], 0))
}

test_project_roles_by_group_denied[verb][actor] if {
	some verb, allowed in promise
	some actor in (object.keys(role_of) - allowed)
	not api_key[verb] with input as request(actor, verb, by_group(actor, role_of[actor], 0))
}

# The key of a service account: the owners of its project are its owner, and nobody else gains or loses by it.
machine_key := object.union(json.remove(project_key, ["/owner_id"]), {"service_account_id": "sva_1"})

promise_machine := object.union(promise, {
	"delete": {"project_owner"},
	"view_billing": {"project_owner"},
})

test_machine_key_allowed[verb][actor] if {
	some verb, allowed in promise_machine
	some actor in (allowed - {"owner"})
	api_key[verb] with input as request(actor, verb, machine_key)
}

test_machine_key_denied[verb][actor] if {
	some verb, allowed in promise_machine
	some actor in ((actors - allowed) - {"owner"})
	not api_key[verb] with input as request(actor, verb, machine_key)
}

test_machine_key_enabled_by_project_owners_whoever_disabled_it[note] if {
	some note, case in enabling
	key := object.union(machine_key, {"disabled_as": case.as, "disabled_by_id": case.by})
	api_key.enable with input as request("project_owner", "enable", key)
	api_key.reasons == set() with input as request("project_owner", "enable", key)
}

test_machine_key_hides_from_who_left_the_organization[verb] if {
	some verb in object.keys(promise)
	not api_key[verb] with input as request("project_owner", verb, left(machine_key, "project_owner"))
}

test_machine_key_that_is_personal_by_mistake_denied[verb][actor] if {
	some verb in object.keys(promise)
	some actor in actors
	not api_key[verb] with input as request(actor, verb, object.union(machine_key, {"kind": "PERSONAL"}))
}

test_machine_key_told_nothing_when_allowed[verb][actor] if {
	some verb, allowed in promise_machine
	some actor in (allowed - {"owner"})
	api_key.reasons == set() with input as request(actor, verb, machine_key)
}

test_told_that_a_machine_key_is_not_theirs_to_delete if {
	text := "this key belongs to a service account; only the owners of its project can delete it"
	api_key.reasons == {text} with input as request("organization_owner", "delete", machine_key)
}

test_owner_told_nothing_of_the_project_when_they_leave if {
	text := "you own this key; an owner cannot leave it"
	api_key.reasons == {text} with input as request("owner", "leave", project_key)
}

test_a_person_and_a_service_account_own_alike if object.keys(roles.api_key.owner) == {"OWNER"}
