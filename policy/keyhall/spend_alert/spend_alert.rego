# METADATA
# title: Spend alert
# description: Who may see an alert of a key, a project or an organization.
# custom:
#   resource: SpendAlert
package keyhall.spend_alert

import data.keyhall.limit

# METADATA
# title: View an alert
# description: Who may see the security settings of the key, or the limits of the project or of the organization.
# entrypoint: true
view if limit.seen(input.resource, input.subject.id)
