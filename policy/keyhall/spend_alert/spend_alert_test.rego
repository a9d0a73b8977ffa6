package keyhall.spend_alert_test

import data.keyhall.spend_alert

shop := {
	"id": "prj_1",
	"members": [
		{"user_id": "owner", "role": "MEMBER"},
		{"user_id": "project_owner", "role": "OWNER"},
		{"user_id": "project_member", "role": "MEMBER"},
	],
	"organization": team,
}

team := {"members": [
	{"user_id": "owner", "role": "READER", "user": {"suspended_at": 0}},
	{"user_id": "project_owner", "role": "READER", "user": {"suspended_at": 0}},
	{"user_id": "project_member", "role": "READER", "user": {"suspended_at": 0}},
	{"user_id": "organization_owner", "role": "OWNER", "user": {"suspended_at": 0}},
	{"user_id": "organization_reader", "role": "READER", "user": {"suspended_at": 0}},
]}

of := {
	"key": {"api_key": {
		"kind": "PROJECT",
		"owner_id": "owner",
		"collaborators": [{"user_id": "admin", "role": "ADMIN"}, {"user_id": "contributor", "role": "CONTRIBUTOR"}],
		"project": shop,
	}},
	"project": {"project": shop},
	"organization": {"organization": team},
}

# From the promise: the columns view_security of a key, view_limits of a project and of an organization.
promise := {
	"key": {"owner", "admin", "project_owner"},
	"project": {"owner", "project_owner", "project_member", "organization_owner"},
	"organization": {"organization_owner"},
}

people := {
	"owner", "admin", "contributor", "project_owner", "project_member", "organization_owner", "organization_reader",
	"stranger",
}

request(actor, row) := {"subject": {"id": actor}, "resource": row}

test_allowed[scope][actor] if {
	some scope, allowed in promise
	some actor in allowed
	spend_alert.view with input as request(actor, of[scope])
}

test_denied[scope][actor] if {
	some scope, allowed in promise
	some actor in (people - allowed)
	not spend_alert.view with input as request(actor, of[scope])
}

test_empty_input_denied if not spend_alert.view with input as {}

test_without_a_fact_denied[scope][path][actor] if {
	some scope, allowed in promise
	some actor in allowed
	some path in {"/subject", "/subject/id", "/resource"}
	not spend_alert.view with input as json.remove(request(actor, of[scope]), [path])
}

test_of_nothing_denied[actor] if {
	some actor in people
	not spend_alert.view with input as request(actor, {"id": "x"})
}
