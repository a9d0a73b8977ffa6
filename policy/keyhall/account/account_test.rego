package keyhall.account_test

import data.keyhall.account

request(actor) := {"subject": {"id": actor, "administrator": true}, "resource": {"id": "me"}}

test_oneself_allowed if account.manage with input as request("me")

test_administrator_denied if not account.manage with input as request("administrator")

test_empty_input_denied if not account.manage with input as {}

test_without_a_fact_denied[path] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/id"}
	not account.manage with input as json.remove(request("me"), [path])
}

test_absent_is_not_equal_to_absent if {
	not account.manage with input as json.remove(request("me"), ["/subject/id", "/resource/id"])
}
