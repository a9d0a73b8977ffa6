# METADATA
# title: Audit event
# description: Who may read one event of the audit trail.
# custom:
#   resource: AuditEvent
package keyhall.audit_event

import data.keyhall.organization

# METADATA
# title: View an audit event
# description: The owners of the organization where it happened.
# entrypoint: true
view if organization.holds(input.resource.organization, input.subject.id, "audit.view")
