# METADATA
# title: JWT key
# description: Who may see the public keys that tokens for a key are signed with.
# custom:
#   resource: JWTKey
package keyhall.jwt_key

import data.keyhall.api_key

# METADATA
# title: View a public key
# description: Who may see the security settings of the key.
# entrypoint: true
view if api_key.holds(input.resource.api_key, input.subject.id, "view_security")
