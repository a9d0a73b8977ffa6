package keyhall.secret_grant_test

import data.keyhall.secret_grant

# The grant of the viewer, on a secret that is shared with an editor and with a group too.
request(actor) := {
	"subject": {"id": actor, "administrator": true},
	"env": {"now": 1000},
	"resource": {"user_id": "viewer", "level": "VIEW", "granted_by_id": "former", "secret": {
		"owner_id": "owner",
		"organization": {"members": [
			{"user_id": "owner", "role": "READER"},
			{"user_id": "organization_owner", "role": "OWNER"},
		]},
		"grants": [
			{"user_id": "viewer", "level": "VIEW", "expires_at": 0},
			{"user_id": "editor", "level": "EDIT", "expires_at": 0},
			{"user_id": "late", "level": "EDIT", "expires_at": 1000},
			{"level": "VIEW", "expires_at": 0, "group": {
				"status": "ENABLED",
				"members": [{"user_id": "member", "expires_at": 0}],
			}},
		],
	}},
}

# B13: who has access sees who else has.
test_who_has_access_allowed[actor] if {
	some actor in {"owner", "viewer", "editor", "member"}
	secret_grant.view with input as request(actor)
}

test_everybody_else_denied[actor] if {
	some actor in {"late", "former", "organization_owner", "stranger"}
	not secret_grant.view with input as request(actor)
}

# A grant by itself, ended, is not even seen by who had it.
test_who_had_it_denied if {
	row := json.patch(request("viewer"), [{"op": "replace", "path": "/resource/secret/grants/0/expires_at", "value": 1}])
	not secret_grant.view with input as row
}

test_empty_input_denied if not secret_grant.view with input as {}

test_without_a_fact_denied[path][actor] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/secret"}
	some actor in {"owner", "viewer", "editor", "member"}
	not secret_grant.view with input as json.remove(request(actor), [path])
}

test_absent_is_not_equal_to_absent if {
	absent := ["/subject/id", "/resource/user_id", "/resource/secret/owner_id", "/resource/secret/grants/0/user_id"]
	not secret_grant.view with input as json.remove(request("viewer"), absent)
}
