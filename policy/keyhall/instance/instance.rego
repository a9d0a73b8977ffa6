# METADATA
# title: Instance
# description: What the administrator of the instance may do. It gives no right to read any value.
# custom:
#   resource: User
package keyhall.instance

import data.keyhall.roles

# METADATA
# title: Manage an account
# description: The administrator. Suspend, restore, verify an address.
# entrypoint: true
manage_users if input.subject.administrator == true

# METADATA
# title: Read the law
# description: >-
#   The sources of the rules in force. The administrator, and who owns an organization that is not only their own.
#   It is asked about oneself.
# entrypoint: true
view_policy if {
	input.resource.id == input.subject.id
	input.subject.administrator == true
}

view_policy if {
	input.resource.id == input.subject.id
	some membership in input.resource.organization_memberships
	membership.role in roles.with_verb(roles.organization.organization, "policy.view")
	membership.organization.personal == false
}

# METADATA
# title: Why not
# description: What is missing, for who was refused.
# scope: document
reasons contains "this needs the administrator of the instance" if {
	input.permission == "manage_users"
	not input.subject.administrator == true
}

reasons contains "this needs the administrator of the instance, or who owns an organization" if {
	input.permission == "view_policy"
	not view_policy
}
