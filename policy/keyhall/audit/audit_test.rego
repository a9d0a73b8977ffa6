package keyhall.audit_test

import data.keyhall.audit

verbs := {"view"}

acme := {"id": "org_1", "members": [{"user_id": "owner", "role": "OWNER"}, {"user_id": "reader", "role": "READER"}]}

request(actor, verb) := {"subject": {"id": actor}, "permission": verb, "resource": acme, "env": {"now": 1000}}

test_owner_allowed[verb] if {
	some verb in verbs
	audit[verb] with input as request("owner", verb)
}

test_everybody_else_denied[verb][actor] if {
	some verb in verbs
	some actor in {"reader", "stranger"}
	not audit[verb] with input as request(actor, verb)
}

test_empty_input_denied[verb] if {
	some verb in verbs
	not audit[verb] with input as {}
}

test_without_a_fact_denied[verb][path] if {
	some verb in verbs
	some path in {"/subject", "/subject/id", "/resource", "/resource/members"}
	not audit[verb] with input as json.remove(request("owner", verb), [path])
}

test_reader_is_told_that_an_owner_is_needed[verb] if {
	some verb in verbs
	text := sprintf("you are a reader here; audit.%s needs an owner", [verb])
	audit.reasons == {text} with input as request("reader", verb)
}

test_everybody_else_is_told_nothing[verb][actor] if {
	some verb in verbs
	some actor in {"owner", "stranger"}
	audit.reasons == set() with input as request(actor, verb)
}
