package keyhall.verifier_token_test

import data.keyhall.verifier_token

request(actor) := {
	"subject": {"id": actor},
	"resource": {
		"name": "gateway",
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

test_who_manages_them_allowed[actor] if {
	some actor in {"owner", "organization_owner"}
	verifier_token.view with input as request(actor)
}

test_everybody_else_denied[actor] if {
	some actor in {"member", "organization_reader", "stranger"}
	not verifier_token.view with input as request(actor)
}

test_empty_input_denied if not verifier_token.view with input as {}

test_without_a_fact_denied[path] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/project"}
	not verifier_token.view with input as json.remove(request("owner"), [path])
}
