# What who was refused is told.
package keyhall.secret_test

import data.keyhall.secret

told := [
	{
		"actors": {"viewer", "group_viewer"},
		"verbs": {"edit", "disable", "enable", "view_versions"},
		"text": "you can view this secret; secret.%s needs that you can edit it",
	},
	{
		"actors": {"editor", "viewer", "group_editor", "group_viewer"},
		"verbs": {"share", "share_outside", "unshare", "restore_version", "delete"},
		"text": "this secret is shared with you; secret.%s needs its owner",
	},
]

test_told_what_is_missing[verb][actor] if {
	some line in told
	some verb in line.verbs
	some actor in line.actors
	secret.reasons == {sprintf(line.text, [verb])} with input as request(actor, verb, shared)
}

test_told_who_enables[actor] if {
	some actor in {"editor", "group_editor"}
	text := "you can enable only what you disabled yourself; ask who disabled it, or its owner"
	secret.reasons == {text} with input as request(actor, "enable", disabled_by("owner"))
}

test_told_that_it_is_disabled[actor] if {
	some actor in {"owner", "viewer"}
	text := "this secret is disabled; nobody can reveal it until it is enabled"
	secret.reasons == {text} with input as request(actor, "reveal", disabled_by("owner"))
}

test_told_that_it_has_expired[actor] if {
	some actor in {"owner", "viewer"}
	text := "this secret has expired; nobody can reveal it until its expiry is changed"
	secret.reasons == {text} with input as request(actor, "reveal", set_to("/expires_at", 1000))
}

test_told_who_leaves[actor] if {
	some actor, text in {
		"owner": "you own this secret; an owner cannot leave it",
		"group_editor": "you reach this secret through a group; leave the group instead",
		"group_viewer": "you reach this secret through a group; leave the group instead",
	}
	secret.reasons == {text} with input as request(actor, "leave", shared)
}

test_told_nothing_when_hidden[verb][actor] if {
	some verb in object.keys(promise)
	some actor in outsiders
	secret.reasons == set() with input as request(actor, verb, shared)
}

test_told_nothing_of_another_verb[verb] if {
	some verb in (object.keys(promise) - {"reveal", "leave"})
	secret.reasons == set() with input as request("owner", verb, object.union(disabled_by("owner"), {"expires_at": 1}))
}

test_told_nothing_when_allowed[verb][actor] if {
	some verb in {"view", "reveal", "view_sharing"}
	some actor in readers
	secret.reasons == set() with input as request(actor, verb, shared)
}

# A verb of a page or of a console that this law does not know.
test_told_nothing_about_an_unknown_verb[actor] if {
	some actor in actors
	secret.reasons == set() with input as request(actor, "unknown", shared)
}
