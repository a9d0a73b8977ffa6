package keyhall.organization_member_test

import data.keyhall.organization_member

request(actor) := {
	"subject": {"id": actor},
	"resource": {
		"user_id": "reader",
		"role": "READER",
		"organization": {"members": [
			{"user_id": "owner", "role": "OWNER"},
			{"user_id": "reader", "role": "READER"},
			{"user_id": "colleague", "role": "READER"},
		]},
	},
}

test_members_of_the_organization_allowed[actor] if {
	some actor in {"owner", "reader", "colleague"}
	organization_member.view with input as request(actor)
}

test_stranger_denied if not organization_member.view with input as request("stranger")

test_empty_input_denied if not organization_member.view with input as {}

test_without_a_fact_denied[path] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/organization"}
	not organization_member.view with input as json.remove(request("owner"), [path])
}
