package keyhall.share_link_test

import data.keyhall.share_link

# A link of the owner to a secret that is shared with an editor, at 1000; one of two views is left.
request(actor) := {
	"subject": {"id": actor, "administrator": true},
	"env": {"now": 1000},
	"resource": {
		"created_by_id": "owner",
		"created_by": {"suspended_at": 0},
		"revoked_at": 0,
		"expires_at": 1001,
		"max_views": 2,
		"view_count": 1,
		"secret": {
			"owner_id": "owner",
			"disabled_at": 0,
			"expires_at": 0,
			"organization": {"members": [
				{"user_id": "owner", "role": "READER"},
				{"user_id": "organization_owner", "role": "OWNER"},
			]},
			"grants": [
				{"user_id": "viewer", "level": "VIEW", "expires_at": 0},
				{"user_id": "editor", "level": "EDIT", "expires_at": 0},
			],
		},
	},
}

changed(changes) := json.patch(request("owner"), [{"op": "replace", "path": path, "value": value} |
	some path, value in changes
])

others := {"viewer", "editor", "organization_owner", "stranger"}

test_owner_sees_it if share_link.view with input as request("owner")

test_owner_sees_it_when_links_are_off if {
	share_link.view with input as request("owner") with data.keyhall.settings.share_links as false
}

test_everybody_else_does_not[actor] if {
	some actor in others
	not share_link.view with input as request(actor)
}

test_opens if share_link.open with input as request("owner") with data.keyhall.settings.share_links as true

test_opens_any_number_of_times if {
	row := changed({"/resource/max_views": 0, "/resource/view_count": 1000})
	share_link.open with input as row with data.keyhall.settings.share_links as true
}

test_off_by_default if not share_link.open with input as request("owner")

# Nobody answers for the link of somebody else, whatever they may do with the secret.
test_opens_for_nobody_else[actor] if {
	some actor in others
	not share_link.open with input as request(actor) with data.keyhall.settings.share_links as true
}

test_is_over[note] if {
	some note, changes in {
		"revoked": {"/resource/revoked_at": 7},
		"expired": {"/resource/expires_at": 999},
		"expiring now": {"/resource/expires_at": 1000},
		"exhausted": {"/resource/view_count": 2},
		"more than exhausted": {"/resource/view_count": 3},
		"secret disabled": {"/resource/secret/disabled_at": 7},
		"secret expired": {"/resource/secret/expires_at": 1000},
		"made by an editor": {"/resource/created_by_id": "editor", "/subject/id": "editor"},
		"made by who owned it": {"/resource/secret/owner_id": "editor"},
		"maker suspended": {"/resource/created_by/suspended_at": 7},
		"maker left": {"/resource/secret/organization/members": []},
	}
	not share_link.open with input as changed(changes) with data.keyhall.settings.share_links as true
}

test_empty_input_denied if {
	not share_link.view with input as {}
	not share_link.open with input as {} with data.keyhall.settings.share_links as true
}

test_view_without_a_fact_denied[path] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/secret", "/resource/secret/owner_id"}
	not share_link.view with input as json.remove(request("owner"), [path])
}

test_open_without_a_fact_denied[path] if {
	some path in {
		"/subject", "/subject/id", "/env", "/env/now", "/resource", "/resource/created_by_id",
		"/resource/created_by", "/resource/revoked_at",
		"/resource/expires_at", "/resource/max_views", "/resource/view_count", "/resource/secret",
		"/resource/secret/owner_id", "/resource/secret/disabled_at", "/resource/secret/expires_at",
		"/resource/secret/organization",
	}
	row := json.remove(request("owner"), [path])
	not share_link.open with input as row with data.keyhall.settings.share_links as true
}

test_absent_is_not_equal_to_absent if {
	absent := ["/subject/id", "/resource/created_by_id", "/resource/secret/owner_id"]
	row := json.remove(request("owner"), absent)
	not share_link.open with input as row with data.keyhall.settings.share_links as true
}
