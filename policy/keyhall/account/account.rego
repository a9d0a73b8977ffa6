# METADATA
# title: Account
# description: Everybody manages their own account, and nobody else's, and creates organizations.
# custom:
#   resource: User
package keyhall.account

# METADATA
# title: Manage the account
# description: The person, and nobody else. Profile, password and access tokens.
# entrypoint: true
manage if input.resource.id == input.subject.id

# METADATA
# title: Create an organization
# description: Everybody, and they own it.
# entrypoint: true
create_organization if input.resource.id == input.subject.id
