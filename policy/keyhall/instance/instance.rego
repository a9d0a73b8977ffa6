# METADATA
# title: Instance
# description: What the administrator of the instance may do. It gives no right to read any value.
# custom:
#   resource: User
package keyhall.instance

# METADATA
# title: Manage an account
# description: The administrator. Suspend, restore, verify an address.
# entrypoint: true
manage_users if input.subject.administrator == true

# METADATA
# title: Why not
# description: What is missing, for who was refused.
reasons contains "this needs the administrator of the instance" if not input.subject.administrator == true
