# METADATA
# title: Group member
# description: Who may see that somebody is a member of a group.
# custom:
#   resource: GroupMember
package keyhall.group_member

import data.keyhall.group

# METADATA
# title: View a member
# description: The member, and who may see the members of the group.
# entrypoint: true
view if input.resource.user_id == input.subject.id

view if group.holds(input.resource.group, input.subject.id, "view_members")
