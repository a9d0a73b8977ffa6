# The role matrix of an organization, copied by hand from the promise. Never derive it from the roles.
package keyhall.organization_test

import data.keyhall.organization
import data.keyhall.roles

promise := {
	"view": {"owner", "reader"},
	"view_members": {"owner", "reader"},
	"search": {"owner", "reader"},
	"create_group": {"owner", "reader"},
	"create_secret": {"owner", "reader"},
	"leave": {"owner", "reader"},
	"edit": {"owner"},
	"create_project": {"owner"},
	"invite": {"owner"},
	"update_member": {"owner"},
	"remove_member": {"owner"},
	"view_limits": {"owner"},
	"edit_limits": {"owner"},
	"view_usage": {"owner"},
	"view_billing": {"owner"},
	"view_access": {"owner"},
	"view_offboarding": {"owner"},
	"delete": {"owner"},
}

actors := {"owner", "reader", "stranger"}

# The members of another organization are no members of this one.
acme := {"id": "org_1", "members": [{"user_id": "owner", "role": "OWNER"}, {"user_id": "reader", "role": "READER"}]}

other := {"id": "org_2", "members": [{"user_id": "stranger", "role": "OWNER"}]}

request(actor, verb, row) := {"subject": {"id": actor}, "permission": verb, "resource": row, "env": {"now": 1000}}

test_allowed[verb][actor] if {
	some verb, allowed in promise
	some actor in allowed
	organization[verb] with input as request(actor, verb, acme)
}

test_denied[verb][actor] if {
	some verb, allowed in promise
	some actor in (actors - allowed)
	not organization[verb] with input as request(actor, verb, acme)
}

test_other_organization_denied[verb][actor] if {
	some verb in object.keys(promise)
	some actor in {"owner", "reader"}
	not organization[verb] with input as request(actor, verb, other)
}

test_unknown_role_denied[verb] if {
	some verb in object.keys(promise)
	row := {"id": "org_1", "members": [{"user_id": "owner", "role": "ADMIN"}]}
	not organization[verb] with input as request("owner", verb, row)
}

test_empty_input_denied[verb] if {
	some verb in object.keys(promise)
	not organization[verb] with input as {}
}

test_without_a_fact_denied[verb][path] if {
	some verb in object.keys(promise)
	some path in {"/subject", "/subject/id", "/resource", "/resource/members", "/resource/members/0/user_id"}
	not organization[verb] with input as json.remove(request("owner", verb, acme), [path])
}

# A member whose person is not known is not a subject who is not known.
test_absent_is_not_equal_to_absent[verb] if {
	some verb in object.keys(promise)
	absent := ["/subject/id", "/resource/members/0/user_id"]
	not organization[verb] with input as json.remove(request("owner", verb, acme), absent)
}

needs_an_owner contains verb if {
	some verb, allowed in promise
	allowed == {"owner"}
}

test_reader_is_told_that_an_owner_is_needed[verb] if {
	some verb in needs_an_owner
	text := sprintf("you are a reader here; organization.%s needs an owner", [verb])
	organization.reasons == {text} with input as request("reader", verb, acme)
}

test_told_nothing_when_allowed[verb][actor] if {
	some verb, allowed in promise
	some actor in allowed
	organization.reasons == set() with input as request(actor, verb, acme)
}

test_told_nothing_when_hidden[verb] if {
	some verb in object.keys(promise)
	organization.reasons == set() with input as request("stranger", verb, acme)
}

test_told_nothing_about_an_unknown_verb if {
	organization.reasons == set() with input as request("reader", "unknown", acme)
}

test_every_role_has_a_column if object.keys(roles.organization) == {"organization"}

test_every_role_of_a_member_has_a_row if object.keys(roles.organization.organization) == {"OWNER", "READER"}

# Verbs of another noun are in the promise of their own tests.
test_every_verb_is_in_the_promise if {
	verbs := {verb | some held in roles.organization.organization; some verb in held; not contains(verb, ".")}
	verbs == object.keys(promise)
}

test_every_verb_of_another_noun_is_known if {
	verbs := {verb | some held in roles.organization.organization; some verb in held; contains(verb, ".")}
	verbs == {"audit.view", "policy.view", "policy.publish"}
}
