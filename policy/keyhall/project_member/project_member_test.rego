package keyhall.project_member_test

import data.keyhall.project_member

request(actor) := {
	"subject": {"id": actor},
	"resource": {
		"user_id": "member",
		"role": "MEMBER",
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

test_who_sees_the_members_allowed[actor] if {
	some actor in {"owner", "member", "organization_owner"}
	project_member.view with input as request(actor)
}

test_everybody_else_denied[actor] if {
	some actor in {"organization_reader", "stranger"}
	not project_member.view with input as request(actor)
}

test_empty_input_denied if not project_member.view with input as {}

test_without_a_fact_denied[path] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/project"}
	not project_member.view with input as json.remove(request("owner"), [path])
}
