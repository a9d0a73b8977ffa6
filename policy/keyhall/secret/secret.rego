# METADATA
# title: Secret
# description: Who may do what with an API secret. An owner of its organization has no right on it by being owner.
# custom:
#   resource: Secret
package keyhall.secret

import data.keyhall.settings

# METADATA
# title: View the secret
# description: Its owner, and who it is shared with, directly or through a group.
# entrypoint: true
view if holds(input.resource, input.subject.id, "view")

# METADATA
# title: Reveal its value
# description: >-
#   Its owner, and who it is shared with, while it is enabled and has not expired. Every reveal is audited.
# entrypoint: true
reveal if {
	input.resource.disabled_at == 0
	is_current(input.resource)
	holds(input.resource, input.subject.id, "reveal")
}

# METADATA
# title: See with whom it is shared
# description: Its owner, and who it is shared with.
# entrypoint: true
view_sharing if holds(input.resource, input.subject.id, "view_sharing")

# METADATA
# title: Change it
# description: Its owner, and who can edit. A new value is a new version.
# entrypoint: true
edit if holds(input.resource, input.subject.id, "edit")

# METADATA
# title: Disable it
# description: Its owner, and who can edit.
# entrypoint: true
disable if holds(input.resource, input.subject.id, "disable")

# METADATA
# title: Enable it
# description: Its owner. Who can edit, if they disabled it themself.
# entrypoint: true
enable if holds_as_owner(input.resource, input.subject.id, "enable")

enable if {
	input.resource.disabled_by_id == input.subject.id
	holds_by_grant(input.resource, input.subject.id, "enable")
}

# METADATA
# title: See its versions
# description: Its owner, and who can edit. The values of earlier versions are revealed by who may restore them.
# entrypoint: true
view_versions if holds(input.resource, input.subject.id, "view_versions")

# METADATA
# title: Restore an earlier version
# description: Its owner.
# entrypoint: true
restore_version if holds(input.resource, input.subject.id, "restore_version")

# METADATA
# title: Share it with people and groups
# description: Its owner.
# entrypoint: true
share if holds(input.resource, input.subject.id, "share")

# METADATA
# title: Share it by a one-time link
# description: Its owner, where the operator switched such links on.
# entrypoint: true
share_outside if {
	settings.share_links == true
	holds(input.resource, input.subject.id, "share_outside")
}

# METADATA
# title: Take it back from people and groups, and revoke its one-time links
# description: Its owner. Links are revoked also while they are switched off.
# entrypoint: true
unshare if holds(input.resource, input.subject.id, "unshare")

# METADATA
# title: Delete it
# description: Its owner. The keys of the values of every version are destroyed with it.
# entrypoint: true
delete if holds(input.resource, input.subject.id, "delete")

# METADATA
# title: Leave it
# description: Who it is shared with directly. What is reached through a group is left with the group.
# entrypoint: true
leave if has_grant(input.resource, input.subject.id, levels("leave"))
