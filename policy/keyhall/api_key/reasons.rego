# What is missing, for who was refused. A reason never decides and never names another person.
package keyhall.api_key

import data.keyhall.roles

# METADATA
# title: Why not
# description: What is missing, in words for the person who asked.
# scope: document
reasons contains "a personal key is never shared; move it to a project and share the project key" if {
	input.permission in {"invite", "remove_collaborator", "resend_invitation", "revoke_invitation", "update_role"}
	input.resource.kind == "PERSONAL"
	input.resource.owner_id == input.subject.id
}

reasons contains "this key already belongs to a project; only a personal key can be moved" if {
	input.permission == "move"
	input.resource.kind == "PROJECT"
}

reasons contains sprintf("you are a contributor of this key; %s needs an admin or its owner", [asked]) if {
	input.permission in roles.api_key.collaborator.ADMIN
	not input.permission in roles.api_key.collaborator.CONTRIBUTOR
	has_role(input.resource, input.subject.id, {"CONTRIBUTOR"})
}

reasons contains sprintf("you are a collaborator of this key; %s needs its owner", [asked]) if {
	input.permission in {"delete", "view_billing"}
	has_role(input.resource, input.subject.id, {"ADMIN", "CONTRIBUTOR"})
}

reasons contains sprintf("you are a member of the project of this key; %s needs an owner of the project", [asked]) if {
	input.permission in roles.api_key.project.OWNER
	not input.permission in roles.api_key.project.MEMBER
	not holds(input.resource, input.subject.id, input.permission)
	has_project_role(input.resource, input.subject.id, {"MEMBER"})
}

reasons contains sprintf("you own the project of this key; %s needs the owner of the key", [asked]) if {
	input.permission in {"delete", "view_billing"}
	not holds_as_owner(input.resource, input.subject.id, input.permission)
	has_project_role(input.resource, input.subject.id, {"OWNER"})
}

reasons contains sprintf("you own the organization of this key; %s needs a role on the key", [asked]) if {
	input.permission in roles.api_key.project.OWNER
	not input.permission in roles.api_key.organization.OWNER
	has_organization_role(input.resource, input.subject.id, {"OWNER"})
}

reasons contains "this key was disabled by its owner or for its organization; an admin cannot enable it" if {
	input.permission == "enable"
	input.resource.disabled_as in {"OWNER", "ORGANIZATION"}
	holds_as_collaborator(input.resource, input.subject.id, "enable")
}

reasons contains "this key was disabled by its owner or for its organization; a project owner cannot enable it" if {
	input.permission == "enable"
	input.resource.disabled_as in {"OWNER", "ORGANIZATION"}
	not holds_as_owner(input.resource, input.subject.id, "enable")
	holds_as_project_member(input.resource, input.subject.id, "enable")
}

reasons contains "you own the organization of this key; you can enable only what you disabled for it" if {
	input.permission == "enable"
	has_organization_role(input.resource, input.subject.id, {"OWNER"})
}

reasons contains "the owner of this key is still a member of its project; until they leave only they can delete it" if {
	input.permission == "delete"
	input.resource.owner_id != ""
	has_organization_role(input.resource, input.subject.id, {"OWNER"})
	has_standing_owner(input.resource)
}

reasons contains "this key belongs to a service account; only the owners of its project can delete it" if {
	input.permission == "delete"
	input.resource.service_account_id != ""
	not holds_as_owner(input.resource, input.subject.id, "delete")
	has_organization_role(input.resource, input.subject.id, {"OWNER"})
}

reasons contains "you own this key; an owner cannot leave it" if {
	input.permission == "leave"
	input.resource.owner_id == input.subject.id
}

reasons contains "you have no role of your own on this key; you reach it through its project" if {
	input.permission == "leave"
	not input.resource.owner_id == input.subject.id
	has_project_role(input.resource, input.subject.id, {"MEMBER", "OWNER"})
}

reasons contains "you have no role of your own on this key; you reach it through its organization" if {
	input.permission == "leave"
	has_organization_role(input.resource, input.subject.id, {"OWNER"})
}

# METADATA
# title: The permission that was asked for
asked := sprintf("api_key.%s", [input.permission])
