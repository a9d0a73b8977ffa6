# METADATA
# title: Policy
# description: Who may read and publish the guardrails of an organization.
# custom:
#   resource: Organization
package keyhall.policy

import data.keyhall.organization

# METADATA
# title: Read the guardrails
# description: The owners of the organization.
# entrypoint: true
view if organization.holds(input.resource, input.subject.id, "policy.view")

# METADATA
# title: Publish guardrails
# description: The owners of the organization.
# entrypoint: true
publish if organization.holds(input.resource, input.subject.id, "policy.publish")

# METADATA
# title: Why not
# description: What is missing, for who was refused.
reasons contains sprintf("you are a reader here; policy.%s needs an owner", [input.permission]) if {
	organization.has_role(input.resource, input.subject.id, {"READER"})
}
