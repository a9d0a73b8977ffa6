# METADATA
# title: Rate limit
# description: Who may see a rate limit of a key, a project or an organization.
# custom:
#   resource: RateLimit
package keyhall.rate_limit

import data.keyhall.limit

# METADATA
# title: View a rate limit
# description: Who may see the security settings of the key, or the limits of the project or of the organization.
# entrypoint: true
view if limit.seen(input.resource, input.subject.id)
