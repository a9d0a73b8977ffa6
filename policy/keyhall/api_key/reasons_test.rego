# What who was refused is told.
package keyhall.api_key_test

import data.keyhall.api_key

# What a plain admin is needed for.
stewardship := {
	"rename", "view_security", "edit_security", "edit_limits", "rotate", "disable", "enable", "view_sharing", "invite",
	"revoke_invitation", "resend_invitation", "update_role", "remove_collaborator",
}

# Who is told what, on a project key that nobody disabled. The verb is put in.
told := [
	{
		"actors": {"contributor"},
		"verbs": stewardship,
		"text": "you are a contributor of this key; api_key.%s needs an admin or its owner",
	},
	{
		"actors": {"admin", "contributor"},
		"verbs": {"delete", "view_billing"},
		"text": "you are a collaborator of this key; api_key.%s needs its owner",
	},
	{
		"actors": {"project_member"},
		"verbs": (stewardship | {"view_stats", "reveal_secret"}),
		"text": "you are a member of the project of this key; api_key.%s needs an owner of the project",
	},
	{
		"actors": {"project_owner"},
		"verbs": {"delete", "view_billing"},
		"text": "you own the project of this key; api_key.%s needs the owner of the key",
	},
	{
		"actors": {"organization_owner"},
		"verbs": (stewardship | {"view_stats", "reveal_secret"}) - {"edit_limits", "disable", "enable"},
		"text": "you own the organization of this key; api_key.%s needs a role on the key",
	},
]

test_told_what_is_missing[verb][actor] if {
	some line in told
	some verb in line.verbs
	some actor in line.actors
	api_key.reasons == {sprintf(line.text, [verb])} with input as request(actor, verb, project_key)
}

# The rest depends on the state of the key: who asks, for what, of which key, and what they are told.
for_the_organization := disabled(enabling["for the organization"])

by_its_owner := disabled(enabling["by its owner"])

test_told_who_enables[actor] if {
	some actor, row in {
		"admin": [by_its_owner, "this key was disabled by its owner or for its organization; an admin cannot enable it"],
		"project_owner": [
			for_the_organization,
			"this key was disabled by its owner or for its organization; a project owner cannot enable it",
		],
		"organization_owner": [
			by_its_owner,
			"you own the organization of this key; you can enable only what you disabled for it",
		],
	}
	[key, text] := row
	api_key.reasons == {text} with input as request(actor, "enable", key)
}

test_told_who_deletes if {
	text := "the owner of this key is still a member of its project; until they leave only they can delete it"
	api_key.reasons == {text} with input as request("organization_owner", "delete", project_key)
}

test_organization_owner_told_nothing_when_they_delete if {
	api_key.reasons == set() with input as request("organization_owner", "delete", left(project_key, "owner"))
}

test_told_of_enabling_only_when_enabling[actor] if {
	some actor, text in {
		"admin": "you are a collaborator of this key; api_key.delete needs its owner",
		"project_owner": "you own the project of this key; api_key.delete needs the owner of the key",
	}
	api_key.reasons == {text} with input as request(actor, "delete", by_its_owner)
}

test_told_what_is_moved if {
	text := "this key already belongs to a project; only a personal key can be moved"
	api_key.reasons == {text} with input as request("owner", "move", project_key)
}

test_told_who_leaves[actor] if {
	some actor, text in {
		"owner": "you own this key; an owner cannot leave it",
		"project_owner": "you have no role of your own on this key; you reach it through its project",
		"project_member": "you have no role of your own on this key; you reach it through its project",
		"organization_owner": "you have no role of your own on this key; you reach it through its organization",
	}
	api_key.reasons == {text} with input as request(actor, "leave", project_key)
}

test_told_that_an_owner_does_not_leave_a_personal_key if {
	text := "you own this key; an owner cannot leave it"
	api_key.reasons == {text} with input as request("owner", "leave", personal_key)
}

never_shared := "a personal key is never shared; move it to a project and share the project key"

test_told_that_a_personal_key_is_never_shared[verb] if {
	some verb in {"invite", "revoke_invitation", "resend_invitation", "update_role", "remove_collaborator"}
	api_key.reasons == {never_shared} with input as request("owner", verb, personal_key)
}

test_told_nothing_when_allowed[verb][actor] if {
	some verb, allowed in promise
	some actor in allowed
	api_key.reasons == set() with input as request(actor, verb, project_key)
}

test_told_nothing_when_a_personal_key_allows[verb] if {
	some verb in promise_personal
	api_key.reasons == set() with input as request("owner", verb, personal_key)
}

test_told_nothing_when_hidden[verb][actor] if {
	some verb in (object.keys(promise) - {"move"})
	some actor in {"organization_reader", "stranger"}
	api_key.reasons == set() with input as request(actor, verb, project_key)
}

test_told_nothing_about_a_personal_key_of_somebody_else[verb][actor] if {
	some verb in object.keys(promise)
	some actor in (actors - {"owner"})
	api_key.reasons == set() with input as request(actor, verb, personal_key)
}

# A verb of a page or of a console that this law does not know.
test_told_nothing_about_an_unknown_verb[actor] if {
	some actor in actors
	api_key.reasons == set() with input as request(actor, "unknown", project_key)
}
