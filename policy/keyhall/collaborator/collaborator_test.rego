package keyhall.collaborator_test

import data.keyhall.collaborator

# A row of a contributor, on a key with another contributor.
request(actor, kind) := {
	"subject": {"id": actor},
	"resource": {
		"user_id": "contributor",
		"role": "CONTRIBUTOR",
		"added_by_id": "former",
		"api_key": {
			"kind": kind,
			"owner_id": "owner",
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
		},
	},
}

test_collaborator_and_who_sees_the_sharing_allowed[actor] if {
	some actor in {"contributor", "owner", "admin", "project_owner"}
	collaborator.view with input as request(actor, "PROJECT")
}

# A contributor sees, of the sharing, only his own row.
test_everybody_else_denied[actor] if {
	some actor in {"another", "former", "project_member", "organization_owner", "stranger"}
	not collaborator.view with input as request(actor, "PROJECT")
}

test_roles_on_a_personal_key_denied[actor] if {
	some actor in {"admin", "another", "project_owner", "organization_owner"}
	not collaborator.view with input as request(actor, "PERSONAL")
}

test_empty_input_denied if not collaborator.view with input as {}

test_without_a_fact_denied[path][actor] if {
	some path in {"/subject", "/subject/id", "/resource"}
	some actor in {"contributor", "owner", "admin", "project_owner"}
	not collaborator.view with input as json.remove(request(actor, "PROJECT"), [path])
}

test_without_its_key_denied[actor] if {
	some actor in {"owner", "admin", "project_owner"}
	not collaborator.view with input as json.remove(request(actor, "PROJECT"), ["/resource/api_key"])
}

test_absent_is_not_equal_to_absent if {
	absent := ["/subject/id", "/resource/user_id", "/resource/api_key/owner_id"]
	not collaborator.view with input as json.remove(request("contributor", "PROJECT"), absent)
}
