package keyhall.invitation_test

import data.keyhall.invitation

key := {
	"kind": "PROJECT",
	"owner_id": "owner",
	"collaborators": [{"user_id": "admin", "role": "ADMIN"}, {"user_id": "contributor", "role": "CONTRIBUTOR"}],
	"project": {
		"members": [
			{"user_id": "project_owner", "role": "OWNER"},
			{"user_id": "project_member", "role": "MEMBER"},
			{"user_id": "owner", "role": "MEMBER"},
		],
		"organization": {"members": [
			{"user_id": "owner", "role": "READER", "user": {"suspended_at": 0}},
			{"user_id": "project_owner", "role": "READER", "user": {"suspended_at": 0}},
			{"user_id": "project_member", "role": "READER", "user": {"suspended_at": 0}},
			{"user_id": "organization_owner", "role": "OWNER", "user": {"suspended_at": 0}},
		]},
	},
}

# A pending invitation sent by somebody, at 1000, that expires at 1001.
pending(inviter) := {
	"email": "eve@example.com",
	"role": "CONTRIBUTOR",
	"status": "PENDING",
	"expires_at": 1001,
	"invited_by_id": inviter,
	"invited_by": {"suspended_at": 0},
	"api_key": key,
}

invitee := {"id": "eve", "email": "eve@example.com", "email_verified": true}

unverified := object.union(invitee, {"email_verified": false})

request(subject, verb, row) := {"subject": subject, "permission": verb, "resource": row, "env": {"now": 1000}}

changed(change) := object.union(pending("admin"), change)

personal := changed({"api_key": {"kind": "PERSONAL"}})

statuses := {"ACCEPTED", "DECLINED", "REVOKED"}

test_view_allowed_to_the_invitee[note] if {
	some note, subject in {"verified": invitee, "unverified": unverified}
	invitation.view with input as request(subject, "view", pending("admin"))
}

test_view_allowed_to_the_invitee_when_settled[status] if {
	some status in statuses
	invitation.view with input as request(invitee, "view", changed({"status": status}))
}

test_view_allowed_to_who_invites[actor] if {
	some actor in {"owner", "admin", "project_owner"}
	invitation.view with input as request({"id": actor}, "view", pending("admin"))
}

test_view_denied_to_everybody_else[actor] if {
	some actor in {"contributor", "project_member", "organization_owner", "stranger"}
	subject := {"id": actor, "email": "other@example.com", "email_verified": true, "administrator": true}
	not invitation.view with input as request(subject, "view", pending("stranger"))
}

test_view_denied_on_a_personal_key[actor] if {
	some actor in {"owner", "admin", "project_owner", "organization_owner"}
	not invitation.view with input as request({"id": actor}, "view", personal)
}

test_view_allowed_to_the_invitee_after_the_key_is_gone if {
	invitation.view with input as request(invitee, "view", json.remove(pending("admin"), ["/api_key"]))
}

test_accept_allowed_to_the_invitee_of_who_invites[inviter] if {
	some inviter in {"owner", "admin", "project_owner"}
	invitation.accept with input as request(invitee, "accept", pending(inviter))
}

test_accept_denied_when_the_inviter_may_not_invite[inviter] if {
	some inviter in {"contributor", "project_member", "organization_owner", "stranger"}
	not invitation.accept with input as request(invitee, "accept", pending(inviter))
}

# What makes an invitation unacceptable, whoever of those who may invite sent it.
unacceptable := {
	"accepted": {"status": "ACCEPTED"},
	"declined": {"status": "DECLINED"},
	"revoked": {"status": "REVOKED"},
	"expired": {"expires_at": 999},
	"expiring now": {"expires_at": 1000},
	"suspended inviter": {"invited_by": {"suspended_at": 7}},
	"personal key": {"api_key": {"kind": "PERSONAL"}},
	"another address": {"email": "other@example.com"},
	"another spelling": {"email": "Eve@example.com"},
}

test_accept_denied[note][inviter] if {
	some note, change in unacceptable
	some inviter in {"owner", "admin", "project_owner"}
	not invitation.accept with input as request(invitee, "accept", object.union(pending(inviter), change))
}

test_accept_denied_after_the_inviter_left[inviter] if {
	some inviter in {"owner", "project_owner"}
	row := object.union(pending(inviter), {"api_key": {"project": {"organization": {"members": []}}}})
	not invitation.accept with input as request(invitee, "accept", row)
}

test_accept_denied_to_the_unverified if {
	not invitation.accept with input as request(unverified, "accept", pending("admin"))
}

# Who sent it, or may invite, does not accept for the invitee.
test_accept_denied_to_everybody_else[actor] if {
	some actor in {"owner", "admin", "project_owner", "contributor", "stranger"}
	subject := {"id": actor, "email": "other@example.com", "email_verified": true, "administrator": true}
	not invitation.accept with input as request(subject, "accept", pending("admin"))
}

test_decline_allowed_to_the_invitee if {
	invitation.decline with input as request(invitee, "decline", pending("admin"))
}

# Declining needs nobody in power.
test_decline_allowed_when_void[note] if {
	some note in {"suspended inviter", "personal key"}
	invitation.decline with input as request(invitee, "decline", changed(unacceptable[note]))
}

test_decline_denied_when_expired[note] if {
	some note in {"expired", "expiring now"}
	not invitation.decline with input as request(invitee, "decline", changed(unacceptable[note]))
}

test_decline_denied_when_settled[status] if {
	some status in statuses
	not invitation.decline with input as request(invitee, "decline", changed({"status": status}))
}

test_decline_denied_to_the_unverified if {
	not invitation.decline with input as request(unverified, "decline", pending("admin"))
}

test_decline_denied_to_everybody_else[actor] if {
	some actor in {"owner", "admin", "project_owner", "contributor", "stranger"}
	subject := {"id": actor, "email": "other@example.com", "email_verified": true, "administrator": true}
	not invitation.decline with input as request(subject, "decline", pending("admin"))
}

verbs := {"view", "accept", "decline"}

test_empty_input_denied[verb] if {
	some verb in verbs
	not invitation[verb] with input as {}
}

test_without_a_fact_denied[verb][path] if {
	some verb in verbs
	some path in {"/subject", "/subject/email", "/resource", "/resource/email"}
	not invitation[verb] with input as json.remove(request(invitee, verb, pending("admin")), [path])
}

test_accept_without_a_fact_denied[path] if {
	some path in {
		"/subject/email_verified", "/env", "/env/now", "/resource/status", "/resource/expires_at", "/resource/api_key",
		"/resource/api_key/kind", "/resource/invited_by", "/resource/invited_by/suspended_at", "/resource/invited_by_id",
	}
	not invitation.accept with input as json.remove(request(invitee, "accept", pending("admin")), [path])
}

test_decline_without_a_fact_denied[path] if {
	some path in {"/subject/email_verified", "/env", "/env/now", "/resource/status", "/resource/expires_at"}
	not invitation.decline with input as json.remove(request(invitee, "decline", pending("admin")), [path])
}

# Neither a subject without an address nor an inviter without an id matches what is absent.
test_absent_is_not_equal_to_absent[verb] if {
	some verb in verbs
	absent := ["/subject/email", "/resource/email"]
	not invitation[verb] with input as json.remove(request(invitee, verb, pending("admin")), absent)
}

test_absent_inviter_is_not_an_absent_owner if {
	absent := ["/resource/invited_by_id", "/resource/api_key/owner_id"]
	not invitation.accept with input as json.remove(request(invitee, "accept", pending("owner")), absent)
}

test_view_with_an_empty_subject_denied if {
	not invitation.view with input as request({}, "view", pending("admin"))
}

void := "who sent this invitation may no longer invite"

settled := "this invitation was already answered or withdrawn"

# What is told when accepting is refused.
told := {
	"accepted": settled,
	"declined": settled,
	"revoked": settled,
	"expired": "this invitation has expired",
	"expiring now": "this invitation has expired",
	"suspended inviter": void,
	"personal key": void,
	"another address": "this invitation is for another address",
}

test_accept_told_what_is_missing[note] if {
	some note, text in told
	invitation.reasons == {text} with input as request(invitee, "accept", changed(unacceptable[note]))
}

test_accept_told_that_the_invitation_is_void[inviter] if {
	some inviter in {"contributor", "stranger"}
	invitation.reasons == {void} with input as request(invitee, "accept", pending(inviter))
}

test_told_to_verify_the_address[verb] if {
	some verb in {"accept", "decline"}
	invitation.reasons == {"verify your address first"} with input as request(unverified, verb, pending("admin"))
}

test_unverified_told_first_that_the_invitation_is_of_another[verb] if {
	some verb in {"accept", "decline"}
	row := changed(unacceptable["another address"])
	invitation.reasons == {told["another address"]} with input as request(unverified, verb, row)
}

test_decline_told_what_is_missing[note] if {
	some note in {"accepted", "declined", "revoked", "expired", "expiring now", "another address"}
	invitation.reasons == {told[note]} with input as request(invitee, "decline", changed(unacceptable[note]))
}

test_decline_told_nothing_of_what_it_does_not_need[note] if {
	some note in {"personal key", "suspended inviter"}
	invitation.reasons == set() with input as request(invitee, "decline", changed(unacceptable[note]))
}

test_told_nothing_when_allowed[verb][inviter] if {
	some verb in verbs
	some inviter in {"owner", "admin", "project_owner"}
	invitation.reasons == set() with input as request(invitee, verb, pending(inviter))
}

test_view_told_nothing[note] if {
	some note, change in unacceptable
	invitation.reasons == set() with input as request(unverified, "view", changed(change))
}

# To an organization, of which its owners invite.
joining(inviter) := object.union(json.remove(pending(inviter), ["/api_key"]), {
	"role": "READER",
	"organization": {"members": [
		{"user_id": "owner", "role": "OWNER"},
		{"user_id": "reader", "role": "READER"},
	]},
})

test_view_of_one_to_an_organization_allowed_to_its_owners_alone if {
	invitation.view with input as request(invitee, "view", joining("owner"))
	invitation.view with input as request({"id": "owner"}, "view", joining("owner"))
	not invitation.view with input as request({"id": "reader"}, "view", joining("owner"))
	not invitation.view with input as request({"id": "stranger"}, "view", joining("stranger"))
}

test_accept_of_one_to_an_organization_allowed_while_its_inviter_owns_it if {
	invitation.accept with input as request(invitee, "accept", joining("owner"))
}

test_accept_of_one_to_an_organization_denied_otherwise[inviter] if {
	some inviter in {"reader", "stranger"}
	not invitation.accept with input as request(invitee, "accept", joining(inviter))
	invitation.reasons == {void} with input as request(invitee, "accept", joining(inviter))
}

test_accept_of_one_to_an_organization_denied_too[note] if {
	some note in {"accepted", "declined", "revoked", "expired", "expiring now", "suspended inviter", "another address"}
	row := object.union(joining("owner"), unacceptable[note])
	not invitation.accept with input as request(invitee, "accept", row)
}

test_accept_of_one_to_an_organization_denied_without_a_fact[path] if {
	some path in {
		"/resource/organization", "/resource/organization/members", "/resource/invited_by",
		"/resource/invited_by_id",
	}
	not invitation.accept with input as json.remove(request(invitee, "accept", joining("owner")), [path])
}

test_decline_of_one_to_an_organization_needs_nobody_in_power if {
	invitation.decline with input as request(invitee, "decline", joining("reader"))
}
