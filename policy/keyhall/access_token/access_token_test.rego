package keyhall.access_token_test

import data.keyhall.access_token

verbs := {"view", "revoke"}

request(actor) := {"subject": {"id": actor, "administrator": true}, "resource": {"id": "1", "user_id": "holder"}}

test_holder_allowed[verb] if {
	some verb in verbs
	access_token[verb] with input as request("holder")
}

test_administrator_denied[verb] if {
	some verb in verbs
	not access_token[verb] with input as request("administrator")
}

test_empty_input_denied[verb] if {
	some verb in verbs
	not access_token[verb] with input as {}
}

test_without_facts_denied[verb][path] if {
	some verb in verbs
	some path in {"/subject", "/subject/id", "/resource", "/resource/user_id"}
	not access_token[verb] with input as json.remove(request("holder"), [path])
}

test_absent_is_not_equal_to_absent[verb] if {
	some verb in verbs
	not access_token[verb] with input as json.remove(request("holder"), ["/subject/id", "/resource/user_id"])
}
