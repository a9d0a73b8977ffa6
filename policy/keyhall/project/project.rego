# METADATA
# title: Project
# description: >-
#   Who may do what with a project. Its members, and those of its groups, lose it when they leave its organization.
# custom:
#   resource: Project
package keyhall.project

import data.keyhall.group
import data.keyhall.organization
import data.keyhall.roles

# METADATA
# title: View the project
# description: Its members, and the owners of its organization.
# entrypoint: true
view if holds(input.resource, input.subject.id, "view")

# METADATA
# title: See who is a member
# description: Its members, and the owners of its organization.
# entrypoint: true
view_members if holds(input.resource, input.subject.id, "view_members")

# METADATA
# title: See its usage
# description: Its members, and the owners of its organization.
# entrypoint: true
view_usage if holds(input.resource, input.subject.id, "view_usage")

# METADATA
# title: See its limits
# description: Its members, and the owners of its organization.
# entrypoint: true
view_limits if holds(input.resource, input.subject.id, "view_limits")

# METADATA
# title: Create a key in it
# description: Its members only, organization owners must be members too.
# entrypoint: true
create_api_key if holds(input.resource, input.subject.id, "create_api_key")

# METADATA
# title: Change its name, description and environment
# description: Its owners, and the owners of its organization.
# entrypoint: true
edit if holds(input.resource, input.subject.id, "edit")

# METADATA
# title: Archive it
# description: Its owners, and the owners of its organization.
# entrypoint: true
archive if holds(input.resource, input.subject.id, "archive")

# METADATA
# title: Add a member
# description: Its owners, and the owners of its organization.
# entrypoint: true
add_member if holds(input.resource, input.subject.id, "add_member")

# METADATA
# title: Change the role of a member
# description: Its owners, and the owners of its organization.
# entrypoint: true
update_member if holds(input.resource, input.subject.id, "update_member")

# METADATA
# title: Remove a member
# description: Its owners, and the owners of its organization.
# entrypoint: true
remove_member if holds(input.resource, input.subject.id, "remove_member")

# METADATA
# title: Create and remove service accounts
# description: Its owners, and the owners of its organization.
# entrypoint: true
manage_service_accounts if holds(input.resource, input.subject.id, "manage_service_accounts")

# METADATA
# title: Create and remove verifiers
# description: Its owners, and the owners of its organization.
# entrypoint: true
manage_verifiers if holds(input.resource, input.subject.id, "manage_verifiers")

# METADATA
# title: Change its limits
# description: Its owners, and the owners of its organization.
# entrypoint: true
edit_limits if holds(input.resource, input.subject.id, "edit_limits")

# METADATA
# title: A person holds a verb on a project
# description: Through the role of a project member, or of an organization member.
# scope: document
holds(project, person, verb) if has_role(project, person, roles.with_verb(roles.project.project, verb))

holds(project, person, verb) if {
	organization.has_role(project.organization, person, roles.with_verb(roles.project.organization, verb))
}

# METADATA
# title: A person has one of the wanted roles in a project
# description: Who left the organization has no role in its projects any more, by whatever way they had it.
has_role(project, person, wanted) if {
	has_place(project, person, wanted)
	some colleague in project.organization.members
	colleague.user_id == person
}

# METADATA
# title: A person has a place of one of the wanted roles in a project
# description: Their own, or that of a group that is enabled and that they are in now. Roles add up.
# scope: document
has_place(project, person, wanted) if {
	some member in project.members
	member.user_id == person
	member.role in wanted
}

has_place(project, person, wanted) if {
	some member in project.members
	member.role in wanted
	member.group.status == "ENABLED"
	group.has_member(member.group, person)
}

# METADATA
# title: Why not
# description: What is missing, for who was refused.
# scope: document
reasons contains sprintf("you are a member of this project; project.%s needs an owner", [input.permission]) if {
	input.permission in roles.project.project.OWNER
	not input.permission in roles.project.project.MEMBER
	not has_role(input.resource, input.subject.id, {"OWNER"})
	has_role(input.resource, input.subject.id, {"MEMBER"})
}

reasons contains "you own the organization of this project; only members of a project create keys in it" if {
	input.permission == "create_api_key"
	not has_role(input.resource, input.subject.id, {"MEMBER", "OWNER"})
	organization.has_role(input.resource.organization, input.subject.id, {"OWNER"})
}
