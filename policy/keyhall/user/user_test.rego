package keyhall.user_test

import data.keyhall.user

key(owner, kind) := {
	"kind": kind,
	"owner_id": owner,
	"collaborators": [
		{"user_id": "admin", "role": "ADMIN"},
		{"user_id": "contributor", "role": "CONTRIBUTOR"},
		{"user_id": "another", "role": "CONTRIBUTOR"},
	],
	"project": {
		"members": [
			{"user_id": "project_owner", "role": "OWNER"},
			{"user_id": "project_member", "role": "MEMBER"},
			{"user_id": "owner", "role": "MEMBER"},
		],
		"organization": {"members": [
			{"user_id": "owner", "role": "READER", "user": {"suspended_at": 0}},
			{"user_id": "project_owner", "role": "READER", "user": {"suspended_at": 0}},
			{"user_id": "project_member", "role": "READER", "user": {"suspended_at": 0}},
			{"user_id": "organization_owner", "role": "OWNER", "user": {"suspended_at": 0}},
		]},
	},
}

nobody := {"id": "nobody", "organization_memberships": [], "collaborations": [], "owned_api_keys": []}

# A contributor from outside the organization of the key.
contributor(kind) := object.union(nobody, {
	"id": "contributor",
	"collaborations": [{"role": "CONTRIBUTOR", "api_key": key("owner", kind)}],
})

# The owner of a key, met by that key alone.
owner(kind) := object.union(nobody, {"id": "owner", "owned_api_keys": [key("owner", kind)]})

colleague := object.union(nobody, {
	"id": "colleague",
	"organization_memberships": [
		{"organization": {"members": [{"user_id": "colleague"}]}},
		{"organization": {"members": [{"user_id": "colleague"}, {"user_id": "viewer"}]}},
	],
})

request(actor, row) := {"subject": {"id": actor, "administrator": true}, "resource": row}

test_oneself_allowed if user.view with input as request("nobody", nobody)

test_stranger_denied if not user.view with input as request("stranger", nobody)

test_member_of_a_common_organization_allowed if user.view with input as request("viewer", colleague)

test_member_of_another_organization_denied if not user.view with input as request("stranger", colleague)

test_collaborator_allowed_to_who_sees_the_sharing[actor] if {
	some actor in {"owner", "admin", "project_owner"}
	user.view with input as request(actor, contributor("PROJECT"))
}

test_collaborator_denied_to_everybody_else[actor] if {
	some actor in {"another", "project_member", "organization_owner", "stranger"}
	not user.view with input as request(actor, contributor("PROJECT"))
}

test_owner_allowed_to_who_sees_the_sharing[actor] if {
	some actor in {"admin", "project_owner"}
	user.view with input as request(actor, owner("PROJECT"))
}

test_owner_denied_to_everybody_else[actor] if {
	some actor in {"contributor", "another", "project_member", "organization_owner", "stranger"}
	not user.view with input as request(actor, owner("PROJECT"))
}

test_nobody_is_met_on_a_personal_key[actor][row.id] if {
	some actor in {"admin", "another", "project_owner", "organization_owner"}
	some row in [contributor("PERSONAL"), owner("PERSONAL")]
	not user.view with input as request(actor, row)
}

test_empty_input_denied if not user.view with input as {}

test_without_a_fact_denied[path][row.id] if {
	some path in {"/subject", "/subject/id", "/resource"}
	some row in [nobody, colleague, contributor("PROJECT"), owner("PROJECT")]
	not user.view with input as json.remove(request(row.id, row), [path])
}

test_absent_is_not_equal_to_absent if {
	not user.view with input as json.remove(request("nobody", nobody), ["/subject/id", "/resource/id"])
}
