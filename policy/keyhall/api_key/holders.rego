# The ways to a verb on a key. Other packages ask them about other people than the subject.
package keyhall.api_key

import data.keyhall.organization
import data.keyhall.project
import data.keyhall.roles

# METADATA
# title: A person holds a verb on a key
# description: Rights add up. Who has none of the roles has nothing.
# scope: document
holds(key, person, verb) if holds_in_person(key, person, verb)

# What the owners of a project hold on every key of it, they need no second way to.
holds(key, person, verb) if {
	not verb in roles.api_key.project.OWNER
	holds_for_service_account(key, person, verb)
}

holds(key, person, verb) if holds_as_collaborator(key, person, verb)

holds(key, person, verb) if holds_as_project_member(key, person, verb)

holds(key, person, verb) if holds_as_organization_member(key, person, verb)

# METADATA
# title: A person holds a verb that shares a key
# description: Only project keys are shared.
shares(key, person, verb) if {
	key.kind == "PROJECT"
	holds(key, person, verb)
}

# METADATA
# title: A person holds a verb as the owner of the key
# scope: document
holds_as_owner(key, person, verb) if holds_in_person(key, person, verb)

holds_as_owner(key, person, verb) if holds_for_service_account(key, person, verb)

# METADATA
# title: A person holds a verb because the key is theirs
# description: An owner who does not stand any more holds nothing.
holds_in_person(key, person, verb) if {
	verb in roles.api_key.owner.OWNER
	key.owner_id == person
	has_standing_person(key)
}

# METADATA
# title: A person holds a verb in the place of the service account that the key belongs to
# description: It is in the hands of the owners of its project.
holds_for_service_account(key, person, verb) if {
	verb in roles.api_key.owner.OWNER
	key.service_account_id != ""
	has_project_role(key, person, {"OWNER"})
}

# METADATA
# title: A person holds a verb as a collaborator of the key
holds_as_collaborator(key, person, verb) if has_role(key, person, roles.with_verb(roles.api_key.collaborator, verb))

# METADATA
# title: A person holds a verb as a member of the project of the key
holds_as_project_member(key, person, verb) if {
	has_project_role(key, person, roles.with_verb(roles.api_key.project, verb))
}

# METADATA
# title: A person holds a verb as a member of the organization of the key
holds_as_organization_member(key, person, verb) if {
	has_organization_role(key, person, roles.with_verb(roles.api_key.organization, verb))
}

# METADATA
# title: A person has one of the wanted roles of a collaborator
# description: A row on a personal key would give nothing.
has_role(key, person, wanted) if {
	key.kind == "PROJECT"
	some collaborator in key.collaborators
	collaborator.user_id == person
	collaborator.role in wanted
}

# METADATA
# title: A person has one of the wanted roles in the project of the key
has_project_role(key, person, wanted) if {
	key.kind == "PROJECT"
	project.has_role(key.project, person, wanted)
}

# METADATA
# title: A person has one of the wanted roles in the organization of the key
has_organization_role(key, person, wanted) if {
	key.kind == "PROJECT"
	organization.has_role(key.project.organization, person, wanted)
}

# METADATA
# title: The owner of a key stands
# description: >-
#   A service account always does: what is disabled with it is that its keys work, and not who manages them.
# scope: document
has_standing_owner(key) if has_standing_person(key)

has_standing_owner(key) if key.service_account_id != ""

# METADATA
# title: The person who owns a key stands
# description: A member of the organization of the key, not suspended, and of its project too, but for a personal key.
# scope: document
has_standing_person(key) if {
	key.kind == "PERSONAL"
	has_member_as_owner(key)
}

has_standing_person(key) if {
	key.kind == "PROJECT"
	project.has_place(key.project, key.owner_id, {"MEMBER", "OWNER"})
	has_member_as_owner(key)
}

# METADATA
# title: The owner of a key is a member of its organization, and not suspended
has_member_as_owner(key) if {
	some member in key.project.organization.members
	member.user_id == key.owner_id
	member.user.suspended_at == 0
}
