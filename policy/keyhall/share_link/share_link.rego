# METADATA
# title: Share link
# description: >-
#   Who may see the one-time links of a secret, and when one opens. Who holds a link need not have an account: it
#   opens on the right of who made it, and stops with it.
# custom:
#   resource: ShareLink
package keyhall.share_link

import data.keyhall.secret
import data.keyhall.settings

# METADATA
# title: View a link
# description: Who may share the secret.
# entrypoint: true
view if secret.holds(input.resource.secret, input.subject.id, "share")

# METADATA
# title: Answer for an opening
# description: >-
#   Who made the link, while links are switched on, their account is not suspended and they may still share the
#   secret outside, the secret is enabled and has not expired, and the link lasts, is not revoked and has views left.
#   It is asked about them whenever somebody opens it.
# entrypoint: true
open if {
	settings.share_links == true
	input.resource.created_by_id == input.subject.id
	input.resource.created_by.suspended_at == 0
	secret.holds(input.resource.secret, input.subject.id, "share_outside")
	input.resource.secret.disabled_at == 0
	secret.is_current(input.resource.secret)
	input.resource.revoked_at == 0
	input.resource.expires_at > input.env.now
	has_views_left
}

# METADATA
# title: It has views left
# description: 0 is any number.
# scope: document
has_views_left if input.resource.max_views == 0

has_views_left if input.resource.view_count < input.resource.max_views
