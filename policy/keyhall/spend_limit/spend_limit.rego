# METADATA
# title: Spend limit
# description: Who may see a spend limit of a key, a project or an organization.
# custom:
#   resource: SpendLimit
package keyhall.spend_limit

import data.keyhall.limit

# METADATA
# title: View a spend limit
# description: Who may see the security settings of the key, or the limits of the project or of the organization.
# entrypoint: true
view if limit.seen(input.resource, input.subject.id)
