# METADATA
# title: Access token
# description: Everybody sees and revokes their own access tokens, and nobody else's.
# custom:
#   resource: AccessToken
package keyhall.access_token

# METADATA
# title: View the access token
# description: Whose access token it is.
# entrypoint: true
view if input.resource.user_id == input.subject.id

# METADATA
# title: Revoke the access token
# description: Whose access token it is.
# entrypoint: true
revoke if input.resource.user_id == input.subject.id
