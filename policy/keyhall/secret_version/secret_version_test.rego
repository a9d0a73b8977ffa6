package keyhall.secret_version_test

import data.keyhall.secret_version

request(actor) := {
	"subject": {"id": actor, "administrator": true},
	"env": {"now": 1000},
	"resource": {"number": 1, "created_by_id": "former", "secret": {
		"owner_id": "owner",
		"organization": {"members": [
			{"user_id": "owner", "role": "READER"},
			{"user_id": "organization_owner", "role": "OWNER"},
		]},
		"grants": [
			{"user_id": "viewer", "level": "VIEW", "expires_at": 0},
			{"user_id": "editor", "level": "EDIT", "expires_at": 0},
		],
	}},
}

test_who_sees_the_versions_allowed[actor] if {
	some actor in {"owner", "editor"}
	secret_version.view with input as request(actor)
}

test_everybody_else_denied[actor] if {
	some actor in {"viewer", "former", "organization_owner", "stranger"}
	not secret_version.view with input as request(actor)
}

test_empty_input_denied if not secret_version.view with input as {}

test_without_a_fact_denied[path][actor] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/secret"}
	some actor in {"owner", "editor"}
	not secret_version.view with input as json.remove(request(actor), [path])
}
