# What is missing, for who was refused. A reason never decides and never names another person.
package keyhall.secret

import data.keyhall.roles
import data.keyhall.settings

# METADATA
# title: Why not
# description: What is missing, in words for the person who asked.
# scope: document
reasons contains "this secret is disabled; nobody can reveal it until it is enabled" if {
	input.permission == "reveal"
	input.resource.disabled_at > 0
}

reasons contains "this secret has expired; nobody can reveal it until its expiry is changed" if {
	input.permission == "reveal"
	not is_current(input.resource)
}

reasons contains "one-time links are switched off on this server; its operator can switch them on" if {
	input.permission == "share_outside"
	not settings.share_links == true
	holds(input.resource, input.subject.id, "share_outside")
}

reasons contains sprintf("you can view this secret; secret.%s needs that you can edit it", [input.permission]) if {
	input.permission in roles.secret.grant.EDIT
	not input.permission in roles.secret.grant.VIEW
	not holds_by_grant(input.resource, input.subject.id, "edit")
	holds_by_grant(input.resource, input.subject.id, "view")
}

reasons contains sprintf("this secret is shared with you; secret.%s needs its owner", [input.permission]) if {
	input.permission in roles.secret.owner.OWNER
	not input.permission in roles.secret.grant.EDIT
	holds_by_grant(input.resource, input.subject.id, "view")
}

reasons contains "you can enable only what you disabled yourself; ask who disabled it, or its owner" if {
	input.permission == "enable"
	holds_by_grant(input.resource, input.subject.id, "enable")
}

reasons contains "you own this secret; an owner cannot leave it" if {
	input.permission == "leave"
	input.resource.owner_id == input.subject.id
}

reasons contains "you reach this secret through a group; leave the group instead" if {
	input.permission == "leave"
	has_group_grant(input.resource, input.subject.id, levels("leave"))
}
