# Sharing by a one-time link is the owner's, and only where it is switched on.
package keyhall.secret_test

import data.keyhall.secret

outside(actor, row) := request(actor, "share_outside", row)

test_owner_shares_outside if {
	secret.share_outside with input as outside("owner", shared) with data.keyhall.settings.share_links as true
}

test_owner_shares_outside_what_nobody_can_reveal if {
	row := object.union(disabled_by("owner"), {"expires_at": 1})
	secret.share_outside with input as outside("owner", row) with data.keyhall.settings.share_links as true
}

test_nobody_else_shares_outside[actor] if {
	some actor in (actors - {"owner"})
	not secret.share_outside with input as outside(actor, shared) with data.keyhall.settings.share_links as true
}

test_nobody_shares_outside_by_default[actor] if {
	some actor in actors
	not secret.share_outside with input as outside(actor, shared)
}

test_an_owner_who_left_does_not_share_outside if {
	row := json.patch(shared, [{"op": "remove", "path": "/organization/members/0"}])
	not secret.share_outside with input as outside("owner", row) with data.keyhall.settings.share_links as true
}

test_sharing_outside_without_a_fact_denied[path] if {
	some path in {"/subject", "/subject/id", "/resource", "/resource/owner_id", "/resource/organization"}
	asked := json.remove(outside("owner", shared), [path])
	not secret.share_outside with input as asked with data.keyhall.settings.share_links as true
}

test_told_that_links_are_off if {
	text := "one-time links are switched off on this server; its operator can switch them on"
	secret.reasons == {text} with input as outside("owner", shared)
}

test_told_nothing_when_links_are_on if {
	secret.reasons == set() with input as outside("owner", shared) with data.keyhall.settings.share_links as true
}

test_told_nothing_of_links_when_hidden[actor] if {
	some actor in outsiders
	secret.reasons == set() with input as outside(actor, shared)
}
