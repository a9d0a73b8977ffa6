package keyhall.service_account_test

import data.keyhall.service_account

request(actor) := {
	"subject": {"id": actor},
	"resource": {
		"name": "deploy",
		"project": {
			"members": [{"user_id": "owner", "role": "OWNER"}, {"user_id": "member", "role": "MEMBER"}],
			"organization": {"members": [
				{"user_id": "owner", "role": "READER"},
				{"user_id": "member", "role": "READER"},
				{"user_id": "organization_owner", "role": "OWNER"},
				{"user_id": "organization_reader", "role": "READER"},
			]},
		},
	},
}

test_who_sees_the_members_of_the_project_allowed[actor] if {
	some actor in {"owner", "member", "organization_owner"}
	service_account.view with input as request(actor)
}

test_everybody_else_denied[actor] if {
	some actor in {"organization_reader", "stranger"}
	not service_account.view with input as request(actor)
}

test_empty_input_denied if not service_account.view with input as {}

test_without_a_fact_denied[path] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/project"}
	not service_account.view with input as json.remove(request("owner"), [path])
}
