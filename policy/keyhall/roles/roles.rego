# METADATA
# title: Roles
# description: >-
#   The promise as data. A table maps where a role comes from, then the role, to the verbs it holds. Names in
#   upper case are the values of a role column in the database. Nothing here decides: the packages of the nouns
#   say who has a role.
package keyhall.roles

# METADATA
# title: Verbs on an API key
# description: Held by the owner of the key, its collaborators, the members of its project and of its organization.
api_key := {
	"owner": {"OWNER": {
		"delete", "disable", "edit_limits", "edit_security", "enable", "invite", "move", "remove_collaborator",
		"rename", "resend_invitation", "reveal_secret", "revoke_invitation", "rotate", "update_role", "view",
		"view_billing", "view_security", "view_sharing", "view_stats",
	}},
	"collaborator": {
		"ADMIN": {
			"disable", "edit_limits", "edit_security", "enable", "invite", "leave", "remove_collaborator", "rename",
			"resend_invitation", "reveal_secret", "revoke_invitation", "rotate", "update_role", "view",
			"view_security", "view_sharing", "view_stats",
		},
		"CONTRIBUTOR": {"leave", "reveal_secret", "view", "view_stats"},
	},
	"project": {
		"OWNER": {
			"disable", "edit_limits", "edit_security", "enable", "invite", "remove_collaborator", "rename",
			"resend_invitation", "reveal_secret", "revoke_invitation", "rotate", "update_role", "view",
			"view_security", "view_sharing", "view_stats",
		},
		"MEMBER": {"view"},
	},
	"organization": {
		"OWNER": {"delete", "disable", "edit_limits", "enable", "view"},
		"READER": set(),
	},
}

# METADATA
# title: Verbs on a secret
# description: Held by its owner, and by who has a grant on it, directly or through a group.
secret := {
	"owner": {"OWNER": {
		"delete", "disable", "edit", "enable", "restore_version", "reveal", "share", "share_outside", "unshare",
		"view", "view_sharing", "view_versions",
	}},
	"grant": {
		"EDIT": {"disable", "edit", "enable", "leave", "reveal", "view", "view_sharing", "view_versions"},
		"VIEW": {"leave", "reveal", "view", "view_sharing"},
	},
}

# METADATA
# title: Verbs on a group
# description: Held by its owner, by its members, and by the owners of its organization.
group := {
	"owner": {"OWNER": {"add_member", "delete", "edit", "remove_member", "view", "view_members"}},
	"group": {"MEMBER": {"leave", "view", "view_members"}},
	"organization": {
		"OWNER": {"edit", "view"},
		"READER": set(),
	},
}

# METADATA
# title: Verbs on a project
# description: Held by the members of the project and of its organization.
project := {
	"project": {
		"OWNER": {
			"add_member", "archive", "create_api_key", "edit", "edit_limits", "manage_service_accounts",
			"manage_verifiers", "remove_member", "update_member", "view", "view_limits", "view_members", "view_usage",
		},
		"MEMBER": {"create_api_key", "view", "view_limits", "view_members", "view_usage"},
	},
	"organization": {
		"OWNER": {
			"add_member", "archive", "edit", "edit_limits", "manage_service_accounts", "manage_verifiers",
			"remove_member", "update_member", "view", "view_limits", "view_members", "view_usage",
		},
		"READER": set(),
	},
}

# METADATA
# title: Verbs on an organization
# description: Held by its members. The verbs of another noun (its audit trail, its policy) carry that noun.
organization := {"organization": {
	"OWNER": {
		"audit.view", "create_group", "create_project", "create_secret", "delete", "edit", "edit_limits", "invite",
		"leave", "policy.publish", "policy.view", "remove_member", "search", "update_member", "view", "view_access",
		"view_billing", "view_limits", "view_members", "view_offboarding", "view_usage",
	},
	"READER": {"create_group", "create_secret", "leave", "search", "view", "view_members"},
}}

# METADATA
# title: The roles that hold a verb
# description: Of one column of a table. Undefined when no role holds it, so that who asks is denied.
with_verb(column, verb) := holders if {
	holders := {role | some role, verbs in column; verb in verbs}
	holders != set()
}
