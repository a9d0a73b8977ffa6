package graph_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const inviteMutation = `mutation($key: ID!, $emails: [String!]!, $role: InvitableRole!, $own: String!) {
	inviteCollaborators(input: {apiKeyId: $key, emails: $emails, role: $role, confirmEmail: $own}) {
		results { email invitation { id status role } error { code message path } } errors { code message path } } }`

// deed is the mutation of one permission.
type deed struct {
	mutation string
	ask      func(g *stage, p *prop, who *apptest.Actor) apptest.Vars
	seen     func(t *testing.T, g *stage, p *prop, who *apptest.Actor, out apptest.Answer) bool // that it is done
}

func theKey(_ *stage, p *prop, _ *apptest.Actor) apptest.Vars { return apptest.Vars{"id": p.ID} }

func matesPlace(_ *stage, p *prop, _ *apptest.Actor) apptest.Vars {
	return apptest.Vars{"id": p.places["mate"]}
}

func guestsInvitation(_ *stage, p *prop, _ *apptest.Actor) apptest.Vars {
	return apptest.Vars{"id": p.invitation}
}

// newcomer is invited by whoever tries; they have an account and nothing else.
func strangersAddress(g *stage, p *prop, who *apptest.Actor) apptest.Vars {
	return apptest.Vars{"key": p.ID, "emails": []string{g.people["strang"].Email}, "role": "CONTRIBUTOR", "own": who.Email}
}

// stored is a deed that is seen in the rows: one such row, or none.
func stored(want int, from string, args func(g *stage, p *prop, who *apptest.Actor) []any) func(*testing.T, *stage, *prop, *apptest.Actor, apptest.Answer) bool {
	return func(t *testing.T, g *stage, p *prop, who *apptest.Actor, _ apptest.Answer) bool {
		t.Helper()
		return g.s.Count(t, from, args(g, p, who)...) == want
	}
}

func keyArg(_ *stage, p *prop, _ *apptest.Actor) []any { return []any{p.ID} }

func keyAndUser(_ *stage, p *prop, who *apptest.Actor) []any { return []any{p.ID, who.ID} }

func matesPlaceID(_ *stage, p *prop, _ *apptest.Actor) []any { return []any{p.places["mate"]} }

// deeds are the mutations about keys by the permission that each needs. The others have no mutation yet.
func deeds() map[string]deed {
	return map[string]deed{
		"rename": {
			`mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "Renamed"}) { apiKey { name } errors { code message } } }`,
			theKey, stored(1, "api_keys WHERE id = ? AND name = 'Renamed'", keyArg),
		},
		"edit_security": {
			`mutation($id: ID!) { updateSecuritySettings(input: {apiKeyId: $id, requireSecret: true, origins: ["https://matrix.example"]}) { apiKey { id } errors { code message } } }`,
			theKey, stored(1, "security_settings WHERE api_key_id = ? AND require_secret = ?",
				func(_ *stage, p *prop, _ *apptest.Actor) []any { return []any{p.ID, true} }),
		},
		"edit_limits": {
			`mutation($id: ID!) { updateLimits(input: {targetId: $id, rates: [{requests: 77, windowSeconds: 60}]}) { errors { code message } } }`,
			theKey, stored(1, "rate_limits WHERE api_key_id = ? AND requests = 77", keyArg),
		},
		"reveal_secret": {
			`mutation($id: ID!) { revealAPIKeySecret(input: {id: $id, reason: "matrix"}) { secret errors { code message } } }`,
			theKey, func(_ *testing.T, _ *stage, p *prop, _ *apptest.Actor, out apptest.Answer) bool {
				return out.Text("revealAPIKeySecret", "secret") == p.Secret
			},
		},
		"rotate": {
			`mutation($id: ID!) { rotateAPIKey(input: {id: $id, overlapSeconds: 60, reason: "matrix"}) { apiKey { id } plaintext secret errors { code message } } }`,
			theKey, func(t *testing.T, g *stage, p *prop, _ *apptest.Actor, out apptest.Answer) bool {
				shown := out.Text("rotateAPIKey", "plaintext") != p.Plaintext && out.Text("rotateAPIKey", "secret") != p.Secret
				return shown && g.s.Count(t, "api_keys WHERE replaces_id = ? AND id = ? AND owner_id = ?", p.ID, out.Text("rotateAPIKey", "apiKey", "id"), g.owner.ID) == 1
			},
		},
		"disable": {
			`mutation($id: ID!) { disableAPIKey(input: {id: $id}) { apiKey { status } errors { code message } } }`,
			theKey, stored(1, "api_keys WHERE id = ? AND disabled_at > 0 AND disabled_by_id = ?", keyAndUser),
		},
		"enable": {
			`mutation($id: ID!) { enableAPIKey(input: {id: $id}) { apiKey { status } errors { code message } } }`,
			theKey, stored(1, "api_keys WHERE id = ? AND disabled_at = 0 AND disabled_by_id IS NULL", keyArg),
		},
		"delete": {
			`mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { deletedId errors { code message } } }`,
			theKey, stored(0, "api_keys WHERE id = ?", keyArg),
		},
		"invite": {
			inviteMutation, strangersAddress,
			stored(1, "invitations WHERE api_key_id = ? AND invited_by_id = ? AND email = ? AND role = 'CONTRIBUTOR' AND status = 'PENDING'",
				func(g *stage, p *prop, who *apptest.Actor) []any {
					return []any{p.ID, who.ID, g.people["strang"].Email}
				}),
		},
		"revoke_invitation": {
			`mutation($id: ID!) { revokeInvitation(input: {invitationId: $id}) { invitation { status } errors { code message } } }`,
			guestsInvitation, stored(1, "invitations WHERE id = ? AND status = 'REVOKED'",
				func(_ *stage, p *prop, _ *apptest.Actor) []any { return []any{p.invitation} }),
		},
		"resend_invitation": {
			`mutation($id: ID!) { resendInvitation(input: {invitationId: $id}) { invitation { resendCount } errors { code message } } }`,
			guestsInvitation, stored(1, "invitations WHERE id = ? AND resend_count = 1 AND invited_by_id = ?",
				func(_ *stage, p *prop, who *apptest.Actor) []any { return []any{p.invitation, who.ID} }),
		},
		"update_role": {
			`mutation($id: ID!) { updateCollaboratorRole(input: {collaboratorId: $id, role: ADMIN}) { collaborator { role } errors { code message } } }`,
			matesPlace, stored(1, "collaborators WHERE id = ? AND role = 'ADMIN'", matesPlaceID),
		},
		"remove_collaborator": {
			`mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { apiKey { id } errors { code message } } }`,
			matesPlace, stored(0, "collaborators WHERE id = ?", matesPlaceID),
		},
		"leave": {
			`mutation($id: ID!) { leaveAPIKey(input: {id: $id}) { errors { code message } } }`,
			theKey, stored(0, "collaborators WHERE api_key_id = ? AND user_id = ?", keyAndUser),
		},
	}
}
