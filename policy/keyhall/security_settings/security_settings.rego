# METADATA
# title: Security settings
# description: Who may see what requests with a key must look like.
# custom:
#   resource: SecuritySettings
package keyhall.security_settings

import data.keyhall.api_key

# METADATA
# title: View the security settings of a key
# description: Who may see the security settings of the key. A contributor may not, whatever else they see of it.
# entrypoint: true
view if api_key.holds(input.resource.api_key, input.subject.id, "view_security")
