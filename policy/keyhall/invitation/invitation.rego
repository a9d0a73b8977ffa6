# METADATA
# title: Invitation
# description: >-
#   Who may see and answer an invitation. Revoking and sending again are verbs of the key, or of the
#   organization.
# custom:
#   resource: Invitation
package keyhall.invitation

import data.keyhall.api_key
import data.keyhall.organization

# METADATA
# title: View an invitation
# description: The invitee, also before their address is verified, and who may invite to the key or the organization.
# entrypoint: true
view if is_invitee

view if may_invite(input.subject.id)

# METADATA
# title: Accept an invitation
# description: >-
#   The invitee with a verified address, while it is pending and not expired, and while who sent it
#   may still invite to the key or the organization.
# entrypoint: true
accept if {
	is_verified_invitee
	is_pending
	input.resource.expires_at > input.env.now
	has_inviter_in_power
}

# METADATA
# title: Decline an invitation
# description: The invitee with a verified address, while it is pending and not expired.
# entrypoint: true
decline if {
	is_verified_invitee
	is_pending
	input.resource.expires_at > input.env.now
}

# METADATA
# title: The subject is who was invited
is_invitee if input.resource.email == input.subject.email

# METADATA
# title: The subject proved to be who was invited
is_verified_invitee if {
	is_invitee
	input.subject.email_verified == true
}

# METADATA
# title: The invitation waits for an answer
is_pending if input.resource.status == "PENDING"

# METADATA
# title: Who sent the invitation may still invite
# description: Not suspended, and still in a role that invites. A void invitation is never accepted in part.
has_inviter_in_power if {
	input.resource.invited_by.suspended_at == 0
	may_invite(input.resource.invited_by_id)
}

# METADATA
# title: A person may invite to what the invitation is to
# description: To the key, or to the organization.
# scope: document
may_invite(person) if api_key.shares(input.resource.api_key, person, "invite")

may_invite(person) if organization.holds(input.resource.organization, person, "invite")

# METADATA
# title: Why not
# description: What is missing, for who was refused.
# scope: document
reasons contains "this invitation is for another address" if {
	input.permission in {"accept", "decline"}
	not is_invitee
}

reasons contains "verify your address first" if {
	input.permission in {"accept", "decline"}
	is_invitee
	not input.subject.email_verified == true
}

reasons contains "this invitation was already answered or withdrawn" if {
	input.permission in {"accept", "decline"}
	not is_pending
}

reasons contains "this invitation has expired" if {
	input.permission in {"accept", "decline"}
	input.resource.expires_at <= input.env.now
}

reasons contains "who sent this invitation may no longer invite" if {
	input.permission == "accept"
	not has_inviter_in_power
}
