package keyhall.instance_test

import data.keyhall.instance

request(administrator) := {
	"permission": "manage_users",
	"subject": {"id": "me", "administrator": administrator},
	"resource": {"id": "somebody"},
}

test_administrator_allowed if instance.manage_users with input as request(true)

test_everybody_else_denied[administrator] if {
	some administrator in [false, null, "yes", 1]
	not instance.manage_users with input as request(administrator)
}

test_empty_input_denied if not instance.manage_users with input as {}

test_without_a_fact_denied[path] if {
	some path in {"/subject", "/subject/administrator"}
	not instance.manage_users with input as json.remove(request(true), [path])
}

test_told_that_an_administrator_is_needed if {
	instance.reasons == {"this needs the administrator of the instance"} with input as request(false)
}

test_administrator_is_told_nothing if instance.reasons == set() with input as request(true)

reading(administrator, role, personal) := {
	"permission": "view_policy",
	"subject": {"id": "me", "administrator": administrator},
	"resource": {
		"id": "me",
		"organization_memberships": [{"user_id": "me", "role": role, "organization": {"personal": personal}}],
	},
}

test_administrator_reads_the_law if instance.view_policy with input as reading(true, "READER", true)

test_owner_of_an_organization_reads_the_law if instance.view_policy with input as reading(false, "OWNER", false)

test_owner_of_their_own_place_only_denied if not instance.view_policy with input as reading(false, "OWNER", true)

test_reader_denied if not instance.view_policy with input as reading(false, "READER", false)

test_about_somebody_else_denied[administrator] if {
	some administrator in [true, false]
	asked := json.patch(
		reading(administrator, "OWNER", false),
		[{"op": "replace", "path": "/resource/id", "value": "other"}],
	)
	not instance.view_policy with input as asked
}

test_reading_without_a_fact_denied[path] if {
	some path in {
		"/subject", "/subject/id", "/resource", "/resource/id", "/resource/organization_memberships/0/role",
		"/resource/organization_memberships/0/organization", "/resource/organization_memberships/0/organization/personal",
	}
	not instance.view_policy with input as json.remove(reading(false, "OWNER", false), [path])
}

test_told_who_reads_the_law if {
	told := {"this needs the administrator of the instance, or who owns an organization"}
	instance.reasons == told with input as reading(false, "READER", false)
}
