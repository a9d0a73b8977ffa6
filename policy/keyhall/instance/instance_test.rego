package keyhall.instance_test

import data.keyhall.instance

request(administrator) := {"subject": {"id": "me", "administrator": administrator}, "resource": {"id": "somebody"}}

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
