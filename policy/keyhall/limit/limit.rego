# METADATA
# title: Limit
# description: >-
#   What the rates, the spend and the alerts of a key, a project and an organization have in common:
#   each is a row of one of these, and is seen with it.
package keyhall.limit

import data.keyhall.api_key
import data.keyhall.organization
import data.keyhall.project

# METADATA
# title: A person sees a limit
# description: Who sees the security of its key, or the limits of its project or organization.
# scope: document
seen(row, person) if api_key.holds(row.api_key, person, "view_security")

seen(row, person) if project.holds(row.project, person, "view_limits")

seen(row, person) if organization.holds(row.organization, person, "view_limits")
