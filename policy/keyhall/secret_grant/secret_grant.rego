# METADATA
# title: Secret grant
# description: Who may see that a secret is shared with somebody.
# custom:
#   resource: SecretGrant
package keyhall.secret_grant

import data.keyhall.secret

# METADATA
# title: View a grant
# description: Who may see the sharing of the secret.
# entrypoint: true
view if secret.holds(input.resource.secret, input.subject.id, "view_sharing")
