# The role matrix of an API key, copied by hand from the promise. Never derive it from the roles.
package keyhall.api_key_test

import data.keyhall.api_key
import data.keyhall.roles

# verb: who may, on a project key that nobody disabled.
promise := {
	"view": {"owner", "admin", "contributor", "project_owner", "project_member", "organization_owner"},
	"view_stats": {"owner", "admin", "contributor", "project_owner"},
	"reveal_secret": {"owner", "admin", "contributor", "project_owner"},
	"rename": {"owner", "admin", "project_owner"},
	"view_security": {"owner", "admin", "project_owner"},
	"edit_security": {"owner", "admin", "project_owner"},
	"edit_limits": {"owner", "admin", "project_owner", "organization_owner"},
	"rotate": {"owner", "admin", "project_owner"},
	"disable": {"owner", "admin", "project_owner", "organization_owner"},
	"enable": {"owner", "admin", "project_owner"},
	"view_sharing": {"owner", "admin", "project_owner"},
	"invite": {"owner", "admin", "project_owner"},
	"revoke_invitation": {"owner", "admin", "project_owner"},
	"resend_invitation": {"owner", "admin", "project_owner"},
	"update_role": {"owner", "admin", "project_owner"},
	"remove_collaborator": {"owner", "admin", "project_owner"},
	"delete": {"owner"},
	"view_billing": {"owner"},
	"move": set(),
	"leave": {"admin", "contributor"},
}

# What the owner may with a personal key, and nobody else with anything.
promise_personal := {
	"view", "view_stats", "reveal_secret", "rename", "view_security", "edit_security", "edit_limits", "rotate",
	"disable", "enable", "view_sharing", "delete", "view_billing", "move",
}

actors := {
	"owner", "admin", "contributor", "project_owner", "project_member",
	"organization_owner", "organization_reader", "stranger",
}

project_key := {
	"id": "key_1",
	"kind": "PROJECT",
	"owner_id": "owner",
	"disabled_as": "",
	"collaborators": [{"user_id": "admin", "role": "ADMIN"}, {"user_id": "contributor", "role": "CONTRIBUTOR"}],
	"project": {
		"members": [
			{"user_id": "project_owner", "role": "OWNER"},
			{"user_id": "project_member", "role": "MEMBER"},
			{"user_id": "owner", "role": "MEMBER"},
		],
		"organization": {"members": [
			colleague("owner"),
			colleague("project_owner"),
			colleague("project_member"),
			{"user_id": "organization_owner", "role": "OWNER", "user": {"suspended_at": 0}},
			colleague("organization_reader"),
		]},
	},
}

personal_key := object.union(project_key, {"kind": "PERSONAL"})

colleague(person) := {"user_id": person, "role": "READER", "user": {"suspended_at": 0}}

# The organization of the key after a person left it.
left(key, person) := json.patch(key, [{
	"op": "replace",
	"path": "/project/organization/members",
	"value": [member | some member in key.project.organization.members; member.user_id != person],
}])

suspended_owner := json.patch(project_key, [{
	"op": "replace",
	"path": "/project/organization/members/0/user/suspended_at",
	"value": 7,
}])

request(actor, verb, key) := {"subject": {"id": actor}, "permission": verb, "resource": key, "env": {"now": 1000}}

test_allowed[verb][actor] if {
	some verb, allowed in promise
	some actor in allowed
	api_key[verb] with input as request(actor, verb, project_key)
}

test_denied[verb][actor] if {
	some verb, allowed in promise
	some actor in (actors - allowed)
	not api_key[verb] with input as request(actor, verb, project_key)
}

test_personal_key_allowed_to_its_owner[verb] if {
	some verb in promise_personal
	api_key[verb] with input as request("owner", verb, personal_key)
}

test_personal_key_never_shared_by_its_owner[verb] if {
	some verb in (object.keys(promise) - promise_personal)
	not api_key[verb] with input as request("owner", verb, personal_key)
}

test_personal_key_denied_to_everybody_else[verb][actor] if {
	some verb in object.keys(promise)
	some actor in (actors - {"owner"})
	not api_key[verb] with input as request(actor, verb, personal_key)
}

test_personal_key_denied_to_an_organization_owner_after_its_owner_left[verb] if {
	some verb in object.keys(promise)
	not api_key[verb] with input as request("organization_owner", verb, left(personal_key, "owner"))
}

test_unknown_kind_denied_to_everybody_else[verb][actor] if {
	some verb in object.keys(promise)
	some actor in (actors - {"owner"})
	not api_key[verb] with input as request(actor, verb, object.union(project_key, {"kind": "OTHER"}))
}

test_owner_denied_after_leaving_the_organization[verb][kind] if {
	some verb in object.keys(promise)
	some kind in {"PROJECT", "PERSONAL"}
	not api_key[verb] with input as request("owner", verb, left(object.union(project_key, {"kind": kind}), "owner"))
}

# What is left to the owner of a project key who is no owner any more: what every member of its project may.
ownership := object.keys(promise) - {"view"}

test_owner_denied_while_suspended[verb] if {
	some verb in object.keys(promise)
	not api_key[verb] with input as request("owner", verb, object.union(suspended_owner, {"kind": "PERSONAL"}))
}

test_owner_of_a_project_key_is_none_while_suspended[verb] if {
	some verb in ownership
	not api_key[verb] with input as request("owner", verb, suspended_owner)
}

test_project_roles_denied_after_leaving_the_organization[verb][actor] if {
	some verb in object.keys(promise)
	some actor in {"project_owner", "project_member"}
	not api_key[verb] with input as request(actor, verb, left(project_key, actor))
}

test_collaborator_allowed_from_outside_the_organization[verb] if {
	some verb in {"view", "view_stats", "reveal_secret", "leave"}
	api_key[verb] with input as request("contributor", verb, left(project_key, "contributor"))
}

mistaken := json.patch(project_key, [
	{"op": "replace", "path": "/collaborators", "value": [{"user_id": "admin", "role": "OWNER"}]},
	{"op": "replace", "path": "/project/members", "value": [{"user_id": "project_owner", "role": "ADMIN"}]},
	{"op": "replace", "path": "/project/organization/members/3/role", "value": "ADMIN"},
])

test_unknown_roles_denied[verb][actor] if {
	some verb in object.keys(promise)
	some actor in {"admin", "project_owner", "organization_owner"}
	not api_key[verb] with input as request(actor, verb, mistaken)
}

shared_with_organization_owner := json.patch(project_key, [{
	"op": "add",
	"path": "/collaborators/-",
	"value": {"user_id": "organization_owner", "role": "CONTRIBUTOR"},
}])

test_rights_add_up[verb] if {
	some verb in {"leave", "reveal_secret", "edit_limits"}
	api_key[verb] with input as request("organization_owner", verb, shared_with_organization_owner)
}

# Enabling depends on who disabled: the role recorded, the person recorded, who may.
enabling := {
	"by its owner": {"as": "OWNER", "by": "owner", "allowed": {"owner"}},
	"by an admin": {"as": "ADMIN", "by": "admin", "allowed": {"owner", "admin", "project_owner"}},
	"for the organization": {"as": "ORGANIZATION", "by": "organization_owner", "allowed": {"owner", "organization_owner"}},
	"for the organization by a colleague": {"as": "ORGANIZATION", "by": "another", "allowed": {"owner"}},
	"by an admin who owns the organization": {
		"as": "ADMIN",
		"by": "organization_owner",
		"allowed": {"owner", "admin", "project_owner"},
	},
	"for the organization by who is an admin only": {"as": "ORGANIZATION", "by": "admin", "allowed": {"owner"}},
}

disabled(case) := object.union(project_key, {"disabled_as": case.as, "disabled_by_id": case.by})

test_enable_allowed[note][actor] if {
	some note, case in enabling
	some actor in case.allowed
	api_key.enable with input as request(actor, "enable", disabled(case))
}

test_enable_denied[note][actor] if {
	some note, case in enabling
	some actor in (actors - case.allowed)
	not api_key.enable with input as request(actor, "enable", disabled(case))
}

test_enable_denied_on_a_personal_key_that_the_organization_disabled[actor] if {
	some actor in (actors - {"owner"})
	key := object.union(disabled(enabling["for the organization"]), {"kind": "PERSONAL"})
	not api_key.enable with input as request(actor, "enable", key)
}

test_delete_allowed_to_an_organization_owner_after_the_owner_left if {
	api_key.delete with input as request("organization_owner", "delete", left(project_key, "owner"))
}

test_delete_allowed_to_an_organization_owner_while_the_owner_is_suspended if {
	api_key.delete with input as request("organization_owner", "delete", suspended_owner)
}

test_delete_denied_to_everybody_else_after_the_owner_left[actor] if {
	some actor in (actors - {"organization_owner"})
	not api_key.delete with input as request(actor, "delete", left(project_key, "owner"))
}

# State is not a right: no other verb looks at who disabled the key.
test_disabled_key_keeps_its_rights[verb][actor] if {
	some verb, allowed in promise
	verb != "enable"
	some actor in allowed
	api_key[verb] with input as request(actor, verb, disabled(enabling["by its owner"]))
}

test_empty_input_denied[verb] if {
	some verb in object.keys(promise)
	not api_key[verb] with input as {}
}

test_without_a_fact_denied[verb][path][actor] if {
	some verb in object.keys(promise)
	some path in {"/subject", "/subject/id", "/resource", "/resource/kind", "/resource/project/organization"}
	some actor in (actors - {"owner", "admin", "contributor"})
	not api_key[verb] with input as json.remove(request(actor, verb, project_key), [path])
}

test_collaborator_without_a_fact_denied[verb][path][actor] if {
	some verb in object.keys(promise)
	some path in {"/subject", "/subject/id", "/resource", "/resource/kind", "/resource/collaborators"}
	some actor in {"admin", "contributor"}
	not api_key[verb] with input as json.remove(request(actor, verb, project_key), [path])
}

test_owner_without_a_fact_denied[verb][path] if {
	some verb in object.keys(promise)
	some path in {"/subject", "/subject/id", "/resource", "/resource/owner_id", "/resource/project", "/resource/kind"}
	not api_key[verb] with input as json.remove(request("owner", verb, personal_key), [path])
}

test_owner_of_a_project_key_without_a_fact_denied[verb][path] if {
	some verb in ownership
	some path in {"/subject/id", "/resource/owner_id", "/resource/project", "/resource/project/members", "/resource/kind"}
	not api_key[verb] with input as json.remove(request("owner", verb, project_key), [path])
}

# Nobody disabled the key, and the subject has no id: absent is never equal to absent.
test_absent_is_not_equal_to_absent if {
	key := json.remove(disabled(enabling["for the organization"]), ["/disabled_by_id", "/owner_id"])
	asked := json.remove(request("organization_owner", "enable", key), ["/subject/id"])
	not api_key.enable with input as asked
	not api_key.enable with input as request("organization_owner", "enable", key)
}

test_every_role_has_a_column if {
	object.keys(roles.api_key) == {"owner", "collaborator", "project", "organization"}
	object.keys(roles.api_key.owner) == {"OWNER"}
	object.keys(roles.api_key.collaborator) == {"ADMIN", "CONTRIBUTOR"}
	object.keys(roles.api_key.project) == {"OWNER", "MEMBER"}
	object.keys(roles.api_key.organization) == {"OWNER", "READER"}
}

# Which role stands behind an actor.
column := {
	"owner": roles.api_key.owner.OWNER,
	"admin": roles.api_key.collaborator.ADMIN,
	"contributor": roles.api_key.collaborator.CONTRIBUTOR,
	"project_owner": roles.api_key.project.OWNER,
	"project_member": roles.api_key.project.MEMBER,
	"organization_owner": roles.api_key.organization.OWNER,
	"organization_reader": roles.api_key.organization.READER,
}

# What a role holds under a condition that the key of the promise does not meet.
conditional := {"enable": {"organization_owner"}, "delete": {"organization_owner"}, "move": {"owner"}}

# The roles are also what people read, so they say no more than the promise, even where nothing would come of it.
test_roles_say_what_is_promised[verb][actor] if {
	some verb, allowed in promise
	some actor, verbs in column
	holders := allowed | object.get(conditional, verb, set())
	verbs & {verb} == {verb | actor in holders}
}

test_every_verb_is_in_the_promise if {
	{verb | some column in roles.api_key; some verbs in column; some verb in verbs} == object.keys(promise)
}
