# METADATA
# title: Settings
# description: >-
#   What the operator switches on or off for the whole instance. What stands here holds when nothing is configured;
#   what is configured is put in its place when the law is loaded, and decides before any role does.
package keyhall.settings

# METADATA
# title: Secrets may be shared by one-time links with people outside
share_links := false
