# METADATA
# title: API key: why not
# description: What is missing, for who was refused. Never names another person.
# custom:
#   resource: APIKey
package keyhall.api_key

import data.keyhall.organization
import data.keyhall.project
import data.keyhall.roles

# METADATA
# title: Why not
# description: What is missing, in words for the person who asked.
reasons contains "a personal key is never shared; move it to a project and share the project key" if {
	input.resource.kind == "PERSONAL"
	input.permission in {"invite", "revoke_invitation", "resend_invitation", "update_role", "remove_collaborator"}
}

reasons contains "this key already belongs to a project; only a personal key can be moved" if {
	input.resource.kind == "PROJECT"
	input.permission == "move"
}

reasons contains "you are a contributor of this key; this needs an admin or its owner" if {
	has_role(input.resource, input.subject.id, {"CONTRIBUTOR"})
	input.permission in roles.api_key.collaborator.ADMIN
	not input.permission in roles.api_key.collaborator.CONTRIBUTOR
}

reasons contains "you are a collaborator of this key; this needs its owner" if {
	has_role(input.resource, input.subject.id, {"ADMIN", "CONTRIBUTOR"})
	input.permission in {"delete", "view_billing"}
}

reasons contains "you are a member of this key's project; this needs an admin or the owner of the key" if {
	project.has_role(input.resource.project, input.subject.id, {"MEMBER"})
	input.permission in roles.api_key.project.OWNER
	not input.permission in roles.api_key.project.MEMBER
}

reasons contains "you own this key's project; this needs the owner of the key" if {
	project.has_role(input.resource.project, input.subject.id, {"OWNER"})
	input.permission in {"delete", "view_billing"}
}

reasons contains "you own this key's organization; this needs an admin or the owner of the key" if {
	organization.has_role(input.resource.project.organization, input.subject.id, {"OWNER"})
	input.permission in roles.api_key.collaborator.ADMIN
	not input.permission in roles.api_key.organization.OWNER
}

reasons contains "this key was disabled by its owner or for its organization; they must enable it" if {
	input.resource.disabled_as in {"OWNER", "ORGANIZATION"}
	input.permission == "enable"
}

reasons contains "an organization owner enables only what they disabled themselves" if {
	organization.has_role(input.resource.project.organization, input.subject.id, {"OWNER"})
	input.permission == "enable"
}

reasons contains "the owner of this key is still in the organization; only they can delete it" if {
	organization.has_role(input.resource.project.organization, input.subject.id, {"OWNER"})
	input.permission == "delete"
	has_standing_owner(input.resource)
}

reasons contains "you own this key; an owner cannot leave it" if {
	input.resource.owner_id == input.subject.id
	input.permission == "leave"
}

reasons contains "you are no collaborator of this key; you reach it through its project" if {
	project.has_role(input.resource.project, input.subject.id, {"OWNER", "MEMBER"})
	input.permission == "leave"
}
