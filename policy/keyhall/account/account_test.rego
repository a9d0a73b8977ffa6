package keyhall.account_test

import data.keyhall.account

request(actor) := {"subject": {"id": actor, "administrator": true}, "resource": {"id": "me"}}

verbs := {"manage", "create_organization"}

test_oneself_allowed[verb] if {
	some verb in verbs
	account[verb] with input as request("me")
}

test_administrator_denied[verb] if {
	some verb in verbs
	not account[verb] with input as request("administrator")
}

test_empty_input_denied[verb] if {
	some verb in verbs
	not account[verb] with input as {}
}

test_without_a_fact_denied[verb][path] if {
	some verb in verbs
	some path in {"/subject", "/subject/id", "/resource", "/resource/id"}
	not account[verb] with input as json.remove(request("me"), [path])
}

test_absent_is_not_equal_to_absent[verb] if {
	some verb in verbs
	not account[verb] with input as json.remove(request("me"), ["/subject/id", "/resource/id"])
}
