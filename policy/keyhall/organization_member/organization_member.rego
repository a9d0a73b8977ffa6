# METADATA
# title: Organization member
# description: Who may see that somebody is a member of an organization.
# custom:
#   resource: OrganizationMember
package keyhall.organization_member

import data.keyhall.organization

# METADATA
# title: View a member
# description: The members of the organization.
# entrypoint: true
view if organization.holds(input.resource.organization, input.subject.id, "view_members")
