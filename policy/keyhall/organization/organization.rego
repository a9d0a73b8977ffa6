# METADATA
# title: Organization
# description: Who may do what with an organization. An owner has no right to a value by being owner.
# custom:
#   resource: Organization
package keyhall.organization

import data.keyhall.roles

# METADATA
# title: View the organization
# description: Its members.
# entrypoint: true
view if holds(input.resource, input.subject.id, "view")

# METADATA
# title: See who is a member
# description: Its members.
# entrypoint: true
view_members if holds(input.resource, input.subject.id, "view_members")

# METADATA
# title: Search its people and groups
# description: Its members.
# entrypoint: true
search if holds(input.resource, input.subject.id, "search")

# METADATA
# title: Create a group in it
# description: Its members.
# entrypoint: true
create_group if holds(input.resource, input.subject.id, "create_group")

# METADATA
# title: Add a secret to it
# description: Its members.
# entrypoint: true
create_secret if holds(input.resource, input.subject.id, "create_secret")

# METADATA
# title: Leave it
# description: Its members. That one owner always remains is checked by the deed, under its lock.
# entrypoint: true
leave if holds(input.resource, input.subject.id, "leave")

# METADATA
# title: Change its name
# description: Its owners.
# entrypoint: true
edit if holds(input.resource, input.subject.id, "edit")

# METADATA
# title: Create a project in it
# description: Its owners.
# entrypoint: true
create_project if holds(input.resource, input.subject.id, "create_project")

# METADATA
# title: Invite people to it
# description: Its owners.
# entrypoint: true
invite if holds(input.resource, input.subject.id, "invite")

# METADATA
# title: Change the role of a member
# description: Its owners.
# entrypoint: true
update_member if holds(input.resource, input.subject.id, "update_member")

# METADATA
# title: Remove a member
# description: Its owners.
# entrypoint: true
remove_member if holds(input.resource, input.subject.id, "remove_member")

# METADATA
# title: See its limits
# description: Its owners.
# entrypoint: true
view_limits if holds(input.resource, input.subject.id, "view_limits")

# METADATA
# title: Change its limits
# description: Its owners.
# entrypoint: true
edit_limits if holds(input.resource, input.subject.id, "edit_limits")

# METADATA
# title: See its usage
# description: Its owners.
# entrypoint: true
view_usage if holds(input.resource, input.subject.id, "view_usage")

# METADATA
# title: See its costs
# description: Its owners.
# entrypoint: true
view_billing if holds(input.resource, input.subject.id, "view_billing")

# METADATA
# title: See what a person can reach in it
# description: Its owners.
# entrypoint: true
view_access if holds(input.resource, input.subject.id, "view_access")

# METADATA
# title: See what breaks when a person leaves
# description: Its owners.
# entrypoint: true
view_offboarding if holds(input.resource, input.subject.id, "view_offboarding")

# METADATA
# title: Delete it
# description: Its owners.
# entrypoint: true
delete if holds(input.resource, input.subject.id, "delete")

# METADATA
# title: A person holds a verb on an organization
# description: Through the role of a member.
holds(organization, person, verb) if {
	has_role(organization, person, roles.with_verb(roles.organization.organization, verb))
}

# METADATA
# title: A person has one of the wanted roles in an organization
has_role(organization, person, wanted) if {
	some member in organization.members
	member.user_id == person
	member.role in wanted
}

# METADATA
# title: Why not
# description: What is missing, for who was refused.
reasons contains sprintf("you are a reader here; organization.%s needs an owner", [input.permission]) if {
	input.permission in roles.organization.organization.OWNER
	not input.permission in roles.organization.organization.READER
	has_role(input.resource, input.subject.id, {"READER"})
}
