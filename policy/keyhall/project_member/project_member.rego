# METADATA
# title: Project member
# description: Who may see that somebody is a member of a project.
# custom:
#   resource: ProjectMember
package keyhall.project_member

import data.keyhall.project

# METADATA
# title: View a member
# description: Who may see the members of the project.
# entrypoint: true
view if project.holds(input.resource.project, input.subject.id, "view_members")
