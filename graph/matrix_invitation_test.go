package graph_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	acceptMutation  = `mutation($id: ID!) { acceptInvitation(input: {invitationId: $id}) { invitation { status } errors { code message } } }`
	declineMutation = `mutation($id: ID!) { declineInvitation(input: {invitationId: $id}) { invitation { status } errors { code message } } }`
	revokeMutation  = `mutation($id: ID!) { revokeInvitation(input: {invitationId: $id}) { invitation { status } errors { code message } } }`
	nodeQuery       = `query($id: ID!) { node(id: $id) { id ... on Invitation { status role targetName target { ... on APIKey { id } } } } }`
)

// A9, A10: an invitation is for one account. Others do not even see it; who may see it is told that it is not theirs.
//
//keyhall:norace
func TestOnlyTheInvitedAccountAnswersAnInvitation(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, dev, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "dev"), s.Actor(t, "eve")
		cleo := s.Actor(t, "cleo")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "ADMIN")
		ada.Share(t, key.ID, cleo, "CONTRIBUTOR")
		id := ben.Invite(t, key.ID, dev, "CONTRIBUTOR")
		for _, query := range []string{nodeQuery, acceptMutation, declineMutation, revokeMutation} {
			answers(t, "a stranger: "+query, eve, query, id, "NOT_FOUND")
			answers(t, "a contributor: "+query, cleo, query, id, "NOT_FOUND")
			answers(t, "nobody: "+query, s.Anonymous(), query, id, "UNAUTHENTICATED")
		}
		for _, who := range []*apptest.Actor{ada, ben} {
			answers(t, "who invites", who, nodeQuery, id, "")
			answers(t, "who invites accepts", who, acceptMutation, id, "INVITE_WRONG_ACCOUNT")
			answers(t, "who invites declines", who, declineMutation, id, "INVITE_WRONG_ACCOUNT")
		}
		out := about(t, dev, nodeQuery, id)
		if out.Text("node", "status") != "PENDING" || out.Text("node", "targetName") != "Payments" || out.At("node", "target") != nil || out.Code() != "" {
			t.Errorf("who is invited sees %s", out.Body)
		}
		if code := about(t, dev, revokeMutation, id).Code(); code != "NOT_FOUND" && code != "FORBIDDEN" { // they see it, and not its key
			t.Errorf("who is invited takes it back: %q", code)
		}
		if s.Count(t, "invitations WHERE id = ? AND status = 'PENDING'", id) != 1 || s.Count(t, "collaborators WHERE api_key_id = ?", key.ID) != 2 {
			t.Error("somebody else answered it")
		}
		dev.Accept(t, id)
		if role := about(t, dev, lookQuery, key.ID).Text("apiKey", "viewerRole"); role != "CONTRIBUTOR" {
			t.Errorf("invited as contributor and is %q", role)
		}
		answers(t, "the other still sees nothing", eve, lookQuery, key.ID, "NOT_FOUND")
	})
}

// A10 and section 7: every end of an invitation has its code, and after it nothing can be written any more.
//
//keyhall:norace
func TestASettledInvitationSaysWhy(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		for _, c := range []struct {
			end                     string
			settle                  func(who *apptest.Actor, id string)
			accept, decline, revoke string // any code where empty, not promised where -
			status                  string
			places                  int
		}{
			{"accepted", func(who *apptest.Actor, id string) { who.Accept(t, id) },
				"INVITE_NOT_PENDING", "INVITE_NOT_PENDING", "INVITE_NOT_PENDING", "ACCEPTED", 1},
			{"declined", func(who *apptest.Actor, id string) { answers(t, "decline", who, declineMutation, id, "") },
				"INVITE_NOT_PENDING", "INVITE_NOT_PENDING", "INVITE_NOT_PENDING", "DECLINED", 0},
			{"revoked", func(_ *apptest.Actor, id string) { answers(t, "revoke", ada, revokeMutation, id, "") },
				"INVITE_REVOKED", "INVITE_REVOKED", "INVITE_NOT_PENDING", "REVOKED", 0},
			{"expired", func(_ *apptest.Actor, id string) { s.SQL(t, "UPDATE invitations SET expires_at = 1 WHERE id = ?", id) },
				"INVITE_EXPIRED", "INVITE_EXPIRED", "-", "EXPIRED", 0},
		} {
			dev := s.Actor(t, "dev")
			id := ada.Invite(t, key.ID, dev, "ADMIN")
			c.settle(dev, id)
			answers(t, c.end+": accept", dev, acceptMutation, id, c.accept)
			if c.decline != "-" {
				if code := about(t, dev, declineMutation, id).Code(); code == "" || c.decline != "" && code != c.decline {
					t.Errorf("%s: decline: %q", c.end, code)
				}
			}
			if c.revoke != "-" {
				answers(t, c.end+": revoke", ada, revokeMutation, id, c.revoke)
			}
			if out := about(t, dev, nodeQuery, id); out.Text("node", "status") != c.status {
				t.Errorf("%s: shown as %s", c.end, out.Body)
			}
			if n := s.Count(t, "collaborators WHERE api_key_id = ? AND user_id = ?", key.ID, dev.ID); n != c.places {
				t.Errorf("%s: %d places", c.end, n)
			}
		}
	})
}

// A9, T10: an address that nobody verified answers no invitation; once vouched for it does.
//
//keyhall:norace
func TestAnUnverifiedAddressAcceptsNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, eve, root := s.Actor(t, "ada"), s.Unverified(t, "eve"), s.Administrator(t)
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		id := ada.Invite(t, key.ID, eve, "ADMIN")
		answers(t, "accept unverified", eve, acceptMutation, id, "EMAIL_NOT_VERIFIED")
		answers(t, "look unverified", eve, lookQuery, key.ID, "NOT_FOUND")
		if s.Count(t, "collaborators WHERE api_key_id = ?", key.ID) != 0 || s.Count(t, "invitations WHERE id = ? AND status = 'PENDING'", id) != 1 {
			t.Error("something was written")
		}
		root.Must(t, `mutation($id: ID!) { setUserStatus(input: {userId: $id, emailVerified: true}) { errors { code } } }`, apptest.Vars{"id": eve.ID})
		answers(t, "accept verified", eve, acceptMutation, id, "")
		answers(t, "look verified", eve, renameMutation, key.ID, "")
	})
}

// Section 3: who invited must still hold `invite` when it is accepted, else it is void; never a lesser role instead.
//
//keyhall:norace
func TestAnInvitationIsVoidWhenItsSenderMayInviteNoMore(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		people := readMatrix(t).people
		c := newCast(t, s, people)
		for why, lose := range map[string]struct {
			sender string
			how    func(g *stage, p *prop)
		}{
			"demoted": {"admin", func(g *stage, p *prop) { answers(t, "demote", g.owner, demoteMutation, p.places["admin"], "") }},
			"removed": {"admin", func(g *stage, p *prop) { answers(t, "remove", g.owner, removeMutation, p.places["admin"], "") }},
			"left":    {"admin", func(g *stage, p *prop) { answers(t, "leave", g.actor("admin"), leaveMutation, p.ID, "") }},
			"no owner of the project": {"pr-own", func(g *stage, _ *prop) {
				s.SQL(t, "UPDATE project_members SET role = 'MEMBER' WHERE project_id = ? AND role = 'OWNER'", g.project)
			}},
			"out of the project": {"pr-own", func(g *stage, _ *prop) {
				s.SQL(t, "DELETE FROM project_members WHERE project_id = ? AND role = 'OWNER'", g.project)
			}},
			"out of the organization": {"pr-own", func(g *stage, _ *prop) {
				s.SQL(t, "DELETE FROM organization_members WHERE organization_id = ? AND user_id = ?", g.organization, g.actor("pr-own").ID)
			}},
			"the owner, who left": {"owner", func(g *stage, _ *prop) {
				s.SQL(t, "DELETE FROM organization_members WHERE organization_id = ? AND user_id = ?", g.organization, g.owner.ID)
			}},
			"the owner, suspended": {"owner", func(g *stage, _ *prop) { g.suspend(t, g.owner) }},
		} {
			g, dev := c.stage(t, &keyState{name: "active"}), s.Actor(t, "dev")
			key := g.prop(t)
			id := g.actor(lose.sender).Invite(t, key.ID, dev, "CONTRIBUTOR")
			other := g.actor(lose.sender).Invite(t, key.ID, s.Actor(t, "eve"), "ADMIN")
			lose.how(g, key)
			answers(t, why, dev, acceptMutation, id, "INVITE_REVOKED")
			answers(t, why+": look", dev, lookQuery, key.ID, "NOT_FOUND")
			if n := s.Count(t, "collaborators WHERE api_key_id = ? AND user_id = ?", key.ID, dev.ID); n != 0 {
				t.Errorf("%s: %d places", why, n)
			}
			if n := s.Count(t, "invitations WHERE id IN (?, ?) AND status = 'ACCEPTED'", id, other); n != 0 {
				t.Errorf("%s: %d are accepted", why, n)
			}
		}
	})
}

// What happens to the key meanwhile does not matter, unless it is gone.
//
//keyhall:norace
func TestAnInvitationOutlastsADisabledKeyAndNotADeletedOne(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, dev := s.Actor(t, "ada"), s.Actor(t, "dev")
		disabled, deleted := ada.CreateKey(t, "Payments", "", "PROJECT"), ada.CreateKey(t, "Mail", "", "PROJECT")
		first, second := ada.Invite(t, disabled.ID, dev, "CONTRIBUTOR"), ada.Invite(t, deleted.ID, dev, "CONTRIBUTOR")
		answers(t, "disable", ada, disableMutation, disabled.ID, "")
		answers(t, "delete", ada, deeds()["delete"].mutation, deleted.ID, "")
		answers(t, "a place on a disabled key", dev, acceptMutation, first, "")
		if code := about(t, dev, acceptMutation, second).Code(); code != "INVITE_REVOKED" && code != "NOT_FOUND" {
			t.Errorf("a place on a deleted key: %q", code)
		}
		if n := s.Count(t, "collaborators WHERE user_id = ?", dev.ID); n != 1 {
			t.Errorf("%d places", n)
		}
	})
}
