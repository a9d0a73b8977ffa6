# METADATA
# title: API key
# description: Who may do what with an API key. A personal key belongs to its owner alone and is never shared.
# custom:
#   resource: APIKey
package keyhall.api_key

# METADATA
# title: View the key
# description: Whoever has any role on it.
# entrypoint: true
view if holds(input.resource, input.subject.id, "view")

# METADATA
# title: See its statistics
# description: The owner, admins, contributors, project owners.
# entrypoint: true
view_stats if holds(input.resource, input.subject.id, "view_stats")

# METADATA
# title: Reveal the secret of the key
# description: The owner, admins, contributors, project owners. Every reveal is audited.
# entrypoint: true
reveal_secret if holds(input.resource, input.subject.id, "reveal_secret")

# METADATA
# title: Change its name, description and tags
# description: The owner, admins, project owners.
# entrypoint: true
rename if holds(input.resource, input.subject.id, "rename")

# METADATA
# title: See its security settings
# description: The owner, admins, project owners.
# entrypoint: true
view_security if holds(input.resource, input.subject.id, "view_security")

# METADATA
# title: Change its security settings
# description: The owner, admins, project owners.
# entrypoint: true
edit_security if holds(input.resource, input.subject.id, "edit_security")

# METADATA
# title: Change its limits
# description: The owner, admins, project owners, organization owners.
# entrypoint: true
edit_limits if holds(input.resource, input.subject.id, "edit_limits")

# METADATA
# title: Replace the key or its secret
# description: The owner, admins, project owners.
# entrypoint: true
rotate if holds(input.resource, input.subject.id, "rotate")

# METADATA
# title: Disable it
# description: The owner, admins, project owners, organization owners.
# entrypoint: true
disable if holds(input.resource, input.subject.id, "disable")

# METADATA
# title: See with whom it is shared
# description: The owner, admins, project owners.
# entrypoint: true
view_sharing if holds(input.resource, input.subject.id, "view_sharing")

# METADATA
# title: See what it costs
# description: The owner.
# entrypoint: true
view_billing if holds(input.resource, input.subject.id, "view_billing")

# METADATA
# title: Invite people to it
# description: The owner, admins, project owners. Project keys only.
# entrypoint: true
invite if shares(input.resource, input.subject.id, "invite")

# METADATA
# title: Revoke an invitation
# description: The owner, admins, project owners. Project keys only.
# entrypoint: true
revoke_invitation if shares(input.resource, input.subject.id, "revoke_invitation")

# METADATA
# title: Send an invitation again
# description: The owner, admins, project owners. Project keys only.
# entrypoint: true
resend_invitation if shares(input.resource, input.subject.id, "resend_invitation")

# METADATA
# title: Change the role of a collaborator
# description: The owner, admins, project owners. Project keys only, and never the owner.
# entrypoint: true
update_role if shares(input.resource, input.subject.id, "update_role")

# METADATA
# title: Remove a collaborator
# description: The owner, admins, project owners. Project keys only, and never the owner.
# entrypoint: true
remove_collaborator if shares(input.resource, input.subject.id, "remove_collaborator")

# METADATA
# title: Enable it
# description: >-
#   The owner. Admins and project owners, unless the owner or the organization disabled it.
#   An organization owner, if they disabled it themselves for the organization.
# entrypoint: true
enable if holds_as_owner(input.resource, input.subject.id, "enable")

enable if {
	input.resource.disabled_as in {"", "ADMIN"}
	holds_as_collaborator(input.resource, input.subject.id, "enable")
}

enable if {
	input.resource.disabled_as in {"", "ADMIN"}
	holds_as_project_member(input.resource, input.subject.id, "enable")
}

enable if {
	input.resource.disabled_as == "ORGANIZATION"
	input.resource.disabled_by_id == input.subject.id
	holds_as_organization_member(input.resource, input.subject.id, "enable")
}

# METADATA
# title: Delete it
# description: The owner. An organization owner, once the owner left the organization or the project, or was suspended.
# entrypoint: true
delete if holds_as_owner(input.resource, input.subject.id, "delete")

delete if {
	holds_as_organization_member(input.resource, input.subject.id, "delete")
	not has_standing_owner(input.resource)
}

# METADATA
# title: Move it to a project
# description: The owner of a personal key. It becomes a project key and is rotated.
# entrypoint: true
move if {
	not input.resource.kind == "PROJECT"
	holds(input.resource, input.subject.id, "move")
}

# METADATA
# title: Leave it
# description: Its collaborators. What is reached through a project is left with the project.
# entrypoint: true
leave if holds(input.resource, input.subject.id, "leave")
