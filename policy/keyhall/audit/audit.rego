# METADATA
# title: Audit trail
# description: Who may read the audit trail of an organization.
# custom:
#   resource: Organization
package keyhall.audit

import data.keyhall.organization

# METADATA
# title: Read the audit trail
# description: The owners of the organization.
# entrypoint: true
view if organization.holds(input.resource, input.subject.id, "audit.view")

# METADATA
# title: Why not
# description: What is missing, for who was refused.
reasons contains sprintf("you are a reader here; audit.%s needs an owner", [input.permission]) if {
	organization.has_role(input.resource, input.subject.id, {"READER"})
}
