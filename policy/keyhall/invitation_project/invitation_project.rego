# METADATA
# title: Place that comes with an invitation
# description: Who may see which projects an invitation to an organization gives a place in.
# custom:
#   resource: InvitationProject
package keyhall.invitation_project

import data.keyhall.organization

# METADATA
# title: View such a place
# description: Who may invite to the organization. Who is invited does not see its projects yet.
# entrypoint: true
view if organization.holds(input.resource.invitation.organization, input.subject.id, "invite")
