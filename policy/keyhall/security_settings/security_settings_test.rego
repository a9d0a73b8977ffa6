package keyhall.security_settings_test

import data.keyhall.security_settings

# The settings of a key with an admin and a contributor.
request(actor, kind) := {
	"subject": {"id": actor},
	"resource": {"require_secret": true, "api_key": {
		"kind": kind,
		"owner_id": "owner",
		"collaborators": [
			{"user_id": "admin", "role": "ADMIN"},
			{"user_id": "contributor", "role": "CONTRIBUTOR"},
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
	}},
}

test_who_sees_the_security_of_the_key_allowed[actor] if {
	some actor in {"owner", "admin", "project_owner"}
	security_settings.view with input as request(actor, "PROJECT")
}

# A contributor reveals the secret of the key and sees none of this.
test_everybody_else_denied[actor] if {
	some actor in {"contributor", "project_member", "organization_owner", "stranger"}
	not security_settings.view with input as request(actor, "PROJECT")
}

test_owner_of_a_personal_key_allowed if security_settings.view with input as request("owner", "PERSONAL")

test_roles_on_a_personal_key_denied[actor] if {
	some actor in {"admin", "contributor", "project_owner", "organization_owner"}
	not security_settings.view with input as request(actor, "PERSONAL")
}

test_empty_input_denied if not security_settings.view with input as {}

test_without_a_fact_denied[path][actor] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/api_key"}
	some actor in {"owner", "admin", "project_owner"}
	not security_settings.view with input as json.remove(request(actor, "PROJECT"), [path])
}

test_absent_is_not_equal_to_absent if {
	absent := ["/subject/id", "/resource/api_key/owner_id"]
	not security_settings.view with input as json.remove(request("owner", "PROJECT"), absent)
}
