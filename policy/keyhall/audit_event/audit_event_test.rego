package keyhall.audit_event_test

import data.keyhall.audit_event

request(actor) := {
	"subject": {"id": actor},
	"resource": {
		"actor_id": "reader",
		"organization": {"members": [{"user_id": "owner", "role": "OWNER"}, {"user_id": "reader", "role": "READER"}]},
	},
}

test_owner_of_the_organization_allowed if audit_event.view with input as request("owner")

test_everybody_else_denied[actor] if {
	some actor in {"reader", "stranger"}
	not audit_event.view with input as request(actor)
}

# What happened to an account alone is of no organization.
test_event_of_no_organization_denied if {
	not audit_event.view with input as json.remove(request("owner"), ["/resource/organization"])
}

test_empty_input_denied if not audit_event.view with input as {}

test_without_a_fact_denied[path] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/organization/members"}
	not audit_event.view with input as json.remove(request("owner"), [path])
}
