# The ways to a verb on a secret. Other packages ask them about other people than the subject.
package keyhall.secret

import data.keyhall.group
import data.keyhall.organization
import data.keyhall.roles

# METADATA
# title: A person holds a verb on a secret
# description: Rights add up. Who has no way to it has nothing.
# scope: document
holds(secret, person, verb) if holds_as_owner(secret, person, verb)

holds(secret, person, verb) if holds_by_grant(secret, person, verb)

# METADATA
# title: A person holds a verb as the owner of the secret
# description: An owner who left the organization of the secret holds nothing.
holds_as_owner(secret, person, verb) if {
	verb in roles.secret.owner.OWNER
	secret.owner_id == person
	organization.has_role(secret.organization, person, {"OWNER", "READER"})
}

# METADATA
# title: A person holds a verb by a grant
# description: A direct one, or one of a group that they are in.
# scope: document
holds_by_grant(secret, person, verb) if has_grant(secret, person, levels(verb))

holds_by_grant(secret, person, verb) if has_group_grant(secret, person, levels(verb))

# METADATA
# title: The levels of a grant that hold a verb
levels(verb) := roles.with_verb(roles.secret.grant, verb)

# METADATA
# title: A person has a direct grant of one of the wanted levels
has_grant(secret, person, wanted) if {
	some grant in secret.grants
	grant.user_id == person
	grant.level in wanted
	is_current(grant)
}

# METADATA
# title: A person has a grant of one of the wanted levels through a group
# description: The group is enabled, they are a member now (its owner need not be), and the grant has not expired.
has_group_grant(secret, person, wanted) if {
	some grant in secret.grants
	grant.level in wanted
	is_current(grant)
	grant.group.status == "ENABLED"
	group.has_member(grant.group, person)
}

# METADATA
# title: It has not expired, by the clock of the database
# description: 0 never expires.
# scope: document
is_current(row) if row.expires_at == 0

is_current(row) if row.expires_at > input.env.now
