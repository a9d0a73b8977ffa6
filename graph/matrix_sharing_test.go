package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// invited asks for one invitation and returns the code of its outcome, empty when it went out.
func invited(t *testing.T, by *apptest.Actor, key, role string, emails ...string) []string {
	t.Helper()
	out := by.Do(t, inviteMutation, apptest.Vars{"key": key, "emails": emails, "role": role, "own": by.Email})
	if out.Code() != "" {
		return []string{out.Code()}
	}
	var codes []string
	for i, email := range emails {
		if got := out.Text("inviteCollaborators", "results", i, "email"); got != email {
			t.Errorf("outcome %d is of %q, want %q", i, got, email)
		}
		id, code := out.Text("inviteCollaborators", "results", i, "invitation", "id"), out.Text("inviteCollaborators", "results", i, "error", "code")
		if (id == "") == (code == "") {
			t.Errorf("outcome %d of %s", i, out.Body)
		}
		codes = append(codes, code)
	}
	return codes
}

// A4, A6, A8, A27: each address has its outcome; the right ones of the same submission go out, with the one role.
//
//keyhall:norace
func TestEveryAddressOfAnInvitationHasItsOwnOutcome(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev")
		eve := s.Unverified(t, "eve")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "CONTRIBUTOR")
		ada.Invite(t, key.ID, cleo, "CONTRIBUTOR")
		got := invited(t, ada, key.ID, "ADMIN", "nobody@keyhall.test", dev.Email, ben.Email, cleo.Email, eve.Email)
		want := []string{"ACCOUNT_NOT_FOUND", "", "ALREADY_MEMBER", "INVITE_ALREADY_PENDING", ""}
		if !slices.Equal(got, want) {
			t.Errorf("outcomes %q, want %q", got, want)
		}
		if n := s.Count(t, "invitations WHERE api_key_id = ? AND role = 'ADMIN' AND status = 'PENDING'", key.ID); n != 2 {
			t.Errorf("%d invitations went out", n)
		}
		if n := s.Count(t, "invitations WHERE api_key_id = ? AND email = ?", key.ID, "nobody@keyhall.test"); n != 0 {
			t.Error("who has no account was invited")
		}
		if n := s.Count(t, "collaborators WHERE api_key_id = ? AND role = 'CONTRIBUTOR'", key.ID); n != 1 {
			t.Error("an invitation changed a place")
		}
		for _, who := range []*apptest.Actor{cleo, dev, eve} {
			answers(t, "an invitation alone gives nothing: "+who.Username, who, lookQuery, key.ID, "NOT_FOUND")
		}
	})
}

// A27: one address, however it is written and however often, has one open invitation.
//
//keyhall:norace
func TestAnAddressIsInvitedOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, dev := s.Actor(t, "ada"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Do(t, inviteMutation, apptest.Vars{"key": key.ID, "emails": []string{dev.Email, dev.Email, strings.ToUpper(dev.Email), " " + dev.Email}, "role": "ADMIN", "own": ada.Email})
		if n := s.Count(t, "invitations WHERE api_key_id = ?", key.ID); n != 1 {
			t.Errorf("%d invitations", n)
		}
	})
}

// A7: nothing happens before the inviter has confirmed their own address.
//
//keyhall:norace
func TestNobodyIsInvitedWithoutConfirmation(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "ADMIN")
		for _, confirmed := range []string{"", "x", dev.Email, ben.Email} {
			out := ada.Do(t, inviteMutation, apptest.Vars{"key": key.ID, "emails": []string{dev.Email}, "role": "ADMIN", "own": confirmed})
			results, _ := out.At("inviteCollaborators", "results").([]any)
			if code := out.Code(); len(results) != 0 || code != "EMAIL_NOT_CONFIRMED" && (confirmed != "" || code != "REQUIRED") {
				t.Errorf("confirmed as %q: %s", confirmed, out.Body)
			}
		}
		if n := s.Count(t, "invitations WHERE api_key_id = ? AND email = ?", key.ID, dev.Email); n != 0 {
			t.Errorf("%d invitations without confirmation", n)
		}
	})
}

// C1: a personal key is never shared, and the refusal names the way out.
//
//keyhall:norace
func TestAPersonalKeyRefusesSharingAndNamesProjectKeys(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, dev := s.Actor(t, "ada"), s.Actor(t, "dev")
		key := ada.CreateKey(t, "Mine", "", "PERSONAL")
		out := ada.Do(t, inviteMutation, apptest.Vars{"key": key.ID, "emails": []string{dev.Email}, "role": "ADMIN", "own": ada.Email})
		message := out.Text("inviteCollaborators", "errors", 0, "message")
		if out.Code() != "PERSONAL_KEY_NOT_SHAREABLE" || !strings.Contains(message, "project key") {
			t.Errorf("shared a personal key: %s", out.Body)
		}
		if s.Count(t, "invitations WHERE api_key_id = ?", key.ID) != 0 ||
			s.Count(t, "audit_events WHERE outcome = 'DONE' AND permission = 'api_key.invite' AND actor_id = ?", ada.ID) != 0 {
			t.Error("something was written")
		}
	})
}

// A10, A27: only an open invitation and a place stand in the way of a new invitation.
//
//keyhall:norace
func TestWhoIsOutCanBeInvitedAgain(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		for why, end := range map[string]func(who *apptest.Actor, invitation string){
			"revoked":  func(_ *apptest.Actor, id string) { answers(t, "revoke", ada, revokeMutation, id, "") },
			"declined": func(who *apptest.Actor, id string) { answers(t, "decline", who, declineMutation, id, "") },
			"expired":  func(_ *apptest.Actor, id string) { s.SQL(t, "UPDATE invitations SET expires_at = 1 WHERE id = ?", id) },
			"left": func(who *apptest.Actor, id string) {
				who.Accept(t, id)
				answers(t, "leave", who, leaveMutation, key.ID, "")
			},
		} {
			who := s.Actor(t, "dev")
			end(who, ada.Invite(t, key.ID, who, "ADMIN"))
			if got := invited(t, ada, key.ID, "CONTRIBUTOR", who.Email); got[0] != "" {
				t.Errorf("after the first was %s: %q", why, got)
				continue
			}
			var id string
			s.Row(t, "SELECT id FROM invitations WHERE api_key_id = ? AND email = ? AND role = 'CONTRIBUTOR'", []any{key.ID, who.Email}, &id)
			who.Accept(t, id)
			if role := about(t, who, lookQuery, key.ID).Text("apiKey", "viewerRole"); role != "CONTRIBUTOR" {
				t.Errorf("invited again after the first was %s and is %q", why, role)
			}
		}
	})
}

// A1, A20, A24, A25: a place on one key is nothing on another, also of the same owner in the same project.
//
//keyhall:norace
func TestAPlaceOnOneKeyIsNothingOnAnother(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		shared, other := ada.CreateKey(t, "Payments", "", "PROJECT"), ada.CreateKey(t, "Mail", "", "PROJECT")
		ada.Share(t, shared.ID, ben, "ADMIN")
		for _, query := range []string{lookQuery, renameMutation, disableMutation, leaveMutation, deeds()["reveal_secret"].mutation} {
			answers(t, query, ben, query, other.ID, "NOT_FOUND")
		}
		if n := ben.Must(t, `{ apiKeys { totalCount } }`, nil).At("apiKeys", "totalCount"); n != 1.0 {
			t.Errorf("the admin of one key lists %v", n)
		}
	})
}

// A23: of the sharing a contributor sees their own place and nothing else; in a list the gated fields are null without error.
//
//keyhall:norace
func TestAContributorSeesOnlyTheirOwnPlace(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		bens, cleos := ada.Share(t, key.ID, ben, "ADMIN"), ada.Share(t, key.ID, cleo, "CONTRIBUTOR")
		const node = `query($id: ID!) { node(id: $id) { id } }`
		answers(t, "their own place", cleo, node, cleos, "")
		answers(t, "somebody's place", cleo, node, bens, "NOT_FOUND")
		out := cleo.Must(t, `{ apiKeys { nodes { viewerRole viewerMembership { id role user { id } } collaborators { totalCount } invitations { totalCount } } } }`, nil)
		if out.At("apiKeys", "nodes", 0, "collaborators") != nil || out.At("apiKeys", "nodes", 0, "invitations") != nil {
			t.Errorf("the sharing in a list: %s", out.Body)
		}
		if out.Text("apiKeys", "nodes", 0, "viewerMembership", "id") != cleos || out.Text("apiKeys", "nodes", 0, "viewerRole") != "CONTRIBUTOR" {
			t.Errorf("their own place in a list: %s", out.Body)
		}
		if out := about(t, ada, `query($id: ID!) { apiKey(id: $id) { viewerRole viewerMembership { id } } }`, key.ID); out.At("apiKey", "viewerMembership") != nil {
			t.Errorf("the owner has a place: %s", out.Body)
		}
	})
}

// Section 7, leaving: it ends one's own place; what one reaches by a project stays, and cannot be left there.
//
//keyhall:norace
func TestLeavingEndsOnesOwnPlaceAlone(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newCast(t, s, readMatrix(t).people)
		g := c.stage(t, &keyState{name: "active"})
		key, other := g.prop(t), g.prop(t)
		member := g.actor("pr-mem")
		g.owner.Share(t, key.ID, member, "ADMIN")
		for _, who := range []*apptest.Actor{g.actor("admin"), g.actor("contr")} {
			answers(t, "leave", who, leaveMutation, key.ID, "")
			answers(t, "look after leaving", who, lookQuery, key.ID, "NOT_FOUND")
			answers(t, "leave again", who, leaveMutation, key.ID, "NOT_FOUND")
			answers(t, "the other key", who, lookQuery, other.ID, "")
		}
		answers(t, "an admin from the project", member, renameMutation, key.ID, "")
		answers(t, "leaves", member, leaveMutation, key.ID, "")
		answers(t, "and is a member of the project", member, lookQuery, key.ID, "")
		answers(t, "no more than that", member, renameMutation, key.ID, "FORBIDDEN")
		answers(t, "who cannot leave what is not theirs", member, leaveMutation, key.ID, "FORBIDDEN")
	})
}
