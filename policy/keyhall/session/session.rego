# METADATA
# title: Session
# description: Everybody sees and revokes their own sessions, and nobody else's.
# custom:
#   resource: Session
package keyhall.session

# METADATA
# title: View the session
# description: Whose session it is.
# entrypoint: true
view if input.resource.user_id == input.subject.id

# METADATA
# title: Revoke the session
# description: Whose session it is.
# entrypoint: true
revoke if input.resource.user_id == input.subject.id
