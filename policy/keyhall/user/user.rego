# METADATA
# title: User
# description: Who may see that a person has an account here.
# custom:
#   resource: User
package keyhall.user

import data.keyhall.api_key

# METADATA
# title: View a person
# description: >-
#   Oneself, the members of a common organization, and the people on a key whose sharing one may see.
# entrypoint: true
view if input.resource.id == input.subject.id

view if {
	some membership in input.resource.organization_memberships
	some colleague in membership.organization.members
	colleague.user_id == input.subject.id
}

view if {
	some collaboration in input.resource.collaborations
	api_key.shares(collaboration.api_key, input.subject.id, "view_sharing")
}

# Its owner sees themself anyway.
view if {
	some key in input.resource.owned_api_keys
	api_key.holds_as_collaborator(key, input.subject.id, "view_sharing")
}

view if {
	some key in input.resource.owned_api_keys
	api_key.holds_as_project_member(key, input.subject.id, "view_sharing")
}
