# METADATA
# title: Verifier token
# description: Who may see that a project has a verifier token. What is done with it is a right on its project.
# custom:
#   resource: VerifierToken
package keyhall.verifier_token

import data.keyhall.project

# METADATA
# title: View a verifier token
# description: Who manages those of its project.
# entrypoint: true
view if project.holds(input.resource.project, input.subject.id, "manage_verifiers")
