package keyhall.group_member_test

import data.keyhall.group_member

request(actor, visible) := {
	"subject": {"id": actor, "administrator": true},
	"env": {"now": 1000},
	"resource": {"user_id": "member", "added_by_id": "former", "expires_at": 0, "group": {
		"owner_id": "owner",
		"members_can_view": visible,
		"members": [
			{"user_id": "member", "expires_at": 0},
			{"user_id": "another", "expires_at": 0},
			{"user_id": "late", "expires_at": 1000},
		],
		"organization": {"members": [
			{"user_id": "owner", "role": "READER"},
			{"user_id": "organization_owner", "role": "OWNER"},
		]},
	}},
}

test_the_member_and_the_owner_of_the_group_allowed[actor] if {
	some actor in {"member", "owner"}
	group_member.view with input as request(actor, false)
}

test_other_members_allowed_where_the_group_lets_them if group_member.view with input as request("another", true)

test_other_members_denied_where_it_does_not if not group_member.view with input as request("another", false)

test_everybody_else_denied[actor][visible] if {
	some actor in {"late", "former", "organization_owner", "stranger"}
	some visible in {true, false}
	not group_member.view with input as request(actor, visible)
}

test_empty_input_denied if not group_member.view with input as {}

test_without_a_fact_denied[path][actor] if {
	some path in {"/subject", "/subject/id", "/resource"}
	some actor in {"owner", "member"}
	not group_member.view with input as json.remove(request(actor, true), [path])
}

test_without_its_group_denied[actor] if {
	some actor in {"owner", "another"}
	not group_member.view with input as json.remove(request(actor, true), ["/resource/group"])
}

test_absent_is_not_equal_to_absent if {
	absent := ["/subject/id", "/resource/user_id", "/resource/group/owner_id", "/resource/group/members/0/user_id"]
	not group_member.view with input as json.remove(request("member", true), absent)
}
