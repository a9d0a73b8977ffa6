# METADATA
# title: Collaborator
# description: Who may see that somebody is a collaborator of a key.
# custom:
#   resource: Collaborator
package keyhall.collaborator

import data.keyhall.api_key

# METADATA
# title: View a collaborator
# description: The collaborator, and who may see the sharing of the key.
# entrypoint: true
view if input.resource.user_id == input.subject.id

view if api_key.holds(input.resource.api_key, input.subject.id, "view_sharing")
