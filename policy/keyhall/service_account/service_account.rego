# METADATA
# title: Service account
# description: Who may see that a project has a service account. What is done with it is a right on its project.
# custom:
#   resource: ServiceAccount
package keyhall.service_account

import data.keyhall.project

# METADATA
# title: View a service account
# description: Who may see the members of its project.
# entrypoint: true
view if project.holds(input.resource.project, input.subject.id, "view_members")
