package keyhall.invitation_project_test

import data.keyhall.invitation_project

request(actor) := {
	"subject": {"id": actor, "email": "eve@example.com", "email_verified": true},
	"resource": {"role": "MEMBER", "invitation": {
		"email": "eve@example.com",
		"organization": {"members": [
			{"user_id": "owner", "role": "OWNER"},
			{"user_id": "reader", "role": "READER"},
		]},
	}},
}

test_who_invites_allowed if invitation_project.view with input as request("owner")

test_everybody_else_denied[actor] if {
	some actor in {"reader", "invitee", "stranger"}
	not invitation_project.view with input as request(actor)
}

test_empty_input_denied if not invitation_project.view with input as {}

test_without_a_fact_denied[path] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/invitation", "/resource/invitation/organization"}
	not invitation_project.view with input as json.remove(request("owner"), [path])
}
