# METADATA
# title: Secret version
# description: Who may see that a secret had another value before. The value itself is no part of the row.
# custom:
#   resource: SecretVersion
package keyhall.secret_version

import data.keyhall.secret

# METADATA
# title: View a version
# description: Who may see the versions of the secret.
# entrypoint: true
view if secret.holds(input.resource.secret, input.subject.id, "view_versions")
