# METADATA
# title: Group
# description: Who may do what with a group. What a group reaches is for its members; its owner is none unless added.
# custom:
#   resource: Group
package keyhall.group

import data.keyhall.organization
import data.keyhall.roles

# METADATA
# title: View the group
# description: Its owner, its members, and the owners of its organization.
# entrypoint: true
view if holds(input.resource, input.subject.id, "view")

# METADATA
# title: See who is a member
# description: Its owner, and its members where the group lets them.
# entrypoint: true
view_members if holds(input.resource, input.subject.id, "view_members")

# METADATA
# title: Change its name, its description and its settings, disable and enable it
# description: Its owner, and the owners of its organization.
# entrypoint: true
edit if holds(input.resource, input.subject.id, "edit")

# METADATA
# title: Delete it
# description: Its owner.
# entrypoint: true
delete if holds(input.resource, input.subject.id, "delete")

# METADATA
# title: Add a member
# description: Its owner. Whoever is added gains what the group reaches.
# entrypoint: true
add_member if holds(input.resource, input.subject.id, "add_member")

# METADATA
# title: Remove a member
# description: Its owner.
# entrypoint: true
remove_member if holds(input.resource, input.subject.id, "remove_member")

# METADATA
# title: Leave it
# description: Its members.
# entrypoint: true
leave if holds(input.resource, input.subject.id, "leave")

# METADATA
# title: A person holds a verb on a group
# description: Rights add up.
# scope: document
holds(group, person, verb) if {
	verb in roles.group.owner.OWNER
	group.owner_id == person
	organization.has_role(group.organization, person, {"OWNER", "READER"})
}

holds(group, person, verb) if holds_as_member(group, person, verb)

holds(group, person, verb) if {
	organization.has_role(group.organization, person, roles.with_verb(roles.group.organization, verb))
}

# METADATA
# title: A person holds a verb as a member of the group
# description: Who else is a member they see where the group lets them.
# scope: document
holds_as_member(group, person, verb) if {
	verb in roles.group.group.MEMBER
	verb != "view_members"
	has_member(group, person)
}

holds_as_member(group, person, verb) if {
	verb in roles.group.group.MEMBER
	group.members_can_view == true
	has_member(group, person)
}

# METADATA
# title: A person is a member of the group now
# description: A membership may expire, by the clock of the database; 0 never does.
# scope: document
has_member(group, person) if {
	some member in group.members
	member.user_id == person
	member.expires_at == 0
}

has_member(group, person) if {
	some member in group.members
	member.user_id == person
	member.expires_at > input.env.now
}

# METADATA
# title: Why not
# description: What is missing, for who was refused.
# scope: document
reasons contains sprintf("you are a member of this group; group.%s needs its owner", [input.permission]) if {
	input.permission in roles.group.owner.OWNER
	not holds(input.resource, input.subject.id, input.permission)
	has_member(input.resource, input.subject.id)
}

reasons contains sprintf("you own the organization of this group; group.%s needs its owner", [input.permission]) if {
	input.permission in roles.group.owner.OWNER
	not holds(input.resource, input.subject.id, input.permission)
	organization.has_role(input.resource.organization, input.subject.id, {"OWNER"})
}

reasons contains "you own this group and are no member of it; delete it instead" if {
	input.permission == "leave"
	input.resource.owner_id == input.subject.id
	not has_member(input.resource, input.subject.id)
}
