package graph_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	leaveOrganization  = `mutation($id: ID!) { leaveOrganization(input: {id: $id}) { errors { code path } } }`
	removeFromOrganize = `mutation($id: ID!) { removeOrganizationMember(input: {memberId: $id}) { organization { id } errors { code path } } }`
)

func membership(t *testing.T, s *apptest.Server, organization string, who *apptest.Actor) string {
	t.Helper()
	return textOf(t, s, "SELECT id FROM organization_members WHERE organization_id = ? AND user_id = ?", organization, who.ID)
}

// B11 B20 B23: who leaves an organization, or is removed from it, has nothing of it from the next request on: no grant, no place
// in a group; what they own there rests. What they have elsewhere stays, and who was never in it keeps what they were given. The
// trail of each thing says what was taken from them on it.
//
//keyhall:norace
func TestWhoLeavesAnOrganizationLosesWhatTheyWereGivenThere(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, eve, out := s.Actor(t, "ada"), s.Actor(t, "eve"), s.Actor(t, "out")
		elsewhere := eve.AddSecret(t, "Elsewhere", "e")
		for way, leave := range map[string]func(*apptest.Actor) apptest.Answer{
			"leaving": func(a *apptest.Actor) apptest.Answer {
				return a.Do(t, leaveOrganization, apptest.Vars{"id": ada.Home})
			},
			"being removed": func(a *apptest.Actor) apptest.Answer {
				return ada.Do(t, removeFromOrganize, apptest.Vars{"id": membership(t, s, ada.Home, a)})
			},
		} {
			ben := s.Actor(t, "ben")
			s.JoinOrganization(t, ada.Home, ben, "READER")
			s.JoinProject(t, ada.Project, ben, "MEMBER")
			direct, grouped := ada.AddSecret(t, "Direct", "d"), ada.AddSecret(t, "Grouped", "g")
			own := ben.Must(t, `mutation($org: ID!) { createSecret(input: {organizationId: $org, name: "Own", url: "https://x.example", clientId: "c", clientSecret: "o"}) { secret { id } errors { code } } }`,
				apptest.Vars{"org": ada.Home}).Text("createSecret", "secret", "id")
			key := ada.CreateKey(t, "Key", "", "PROJECT")
			ada.Share(t, key.ID, ben, "CONTRIBUTOR")
			ada.ShareSecret(t, direct, apptest.Vars{"login": ben.Username}, apptest.Vars{"canEdit": true})
			ada.ShareSecret(t, direct, apptest.Vars{"login": out.Username}, nil)
			team := ada.MakeGroup(t, "Team", ben, out)
			ada.ShareSecret(t, grouped, apptest.Vars{"groupId": team}, nil)
			eve.ShareSecret(t, elsewhere, apptest.Vars{"login": ben.Username}, nil)
			away := eve.MakeGroup(t, "Away", ben)
			if done := leave(ben); done.Code() != "" {
				t.Fatalf("%s: %s", way, done.Body)
			}
			for _, id := range []string{direct, grouped, own} {
				if value, code := ben.Reveal(t, id); value != "" || code != "NOT_FOUND" {
					t.Errorf("after %s they reveal %q, %q", way, value, code)
				}
			}
			if code := ben.Do(t, `query($id: ID!) { apiKey(id: $id) { id } }`, apptest.Vars{"id": key.ID}).Code(); code != "NOT_FOUND" {
				t.Errorf("after %s they see a key of its projects: %q", way, code)
			}
			if value, _ := ben.Reveal(t, elsewhere); value != "e" {
				t.Errorf("%s took what they have elsewhere", way)
			}
			if n := s.Count(t, "group_members WHERE group_id = ? AND user_id = ?", away, ben.ID); n != 1 {
				t.Errorf("%s took their place in a group elsewhere", way)
			}
			for _, id := range []string{direct, grouped} {
				if value, code := out.Reveal(t, id); value == "" {
					t.Errorf("%s of ben took from somebody else: %q", way, code)
				}
			}
			s.JoinOrganization(t, ada.Home, ben, "READER")
			if rows := ben.Must(t, `query($org: ID!) { secrets(first: 10, filter: {organizationId: $org}) { nodes { id } } groups(first: 10, organizationId: $org) { totalCount } projects(first: 10, organizationId: $org) { totalCount } }`,
				apptest.Vars{"org": ada.Home}); fmt.Sprint(rows.At("secrets", "nodes")) != "[map[id:"+own+"]]" || rows.At("groups", "totalCount") != 0.0 || rows.At("projects", "totalCount") != 0.0 {
				t.Errorf("back again after %s they have %s", way, rows.Body)
			}
			event := map[string]string{"leaving": "organization.member_left", "being removed": "organization.member_removed"}[way]
			if n := s.Count(t, "audit_events WHERE type = ? AND resource_id = ? AND outcome = 'DONE'", event, ada.Home); n != 1 {
				t.Errorf("%d events tell of %s", n, way)
			}
			for typ, of := range map[string]string{"share.revoked": direct, "group.member_removed": team, "collaborator.removed": key.ID, "project.member_removed": ada.Project} {
				if n := s.Count(t, "audit_events WHERE type = ? AND resource_id = ? AND CAST(changes AS TEXT) LIKE ? AND outcome = 'DONE'", typ, of, "%"+ben.ID+"%"); n != 1 {
					t.Errorf("after %s %d events on the thing itself tell %s", way, n, typ)
				}
			}
		}
	})
}

// A13 B11: an invitation that was open is no way back in: it is revoked with the departure, and a letter that
// waits is not sent. What they are invited to elsewhere, and the invitations of others, stay open.
//
//keyhall:norace
func TestNobodyComesBackByAnOpenInvitation(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, eve := s.Actor(t, "ada"), s.Actor(t, "eve")
		key, elsewhere := ada.CreateKey(t, "Here", "", "PROJECT"), eve.CreateKey(t, "Elsewhere", "", "PROJECT")
		const accept = `mutation($id: ID!) { acceptInvitation(input: {invitationId: $id}) { invitation { status } errors { code } } }`
		for way, leave := range map[string]func(*apptest.Actor) apptest.Answer{
			"leaving": func(a *apptest.Actor) apptest.Answer {
				return a.Do(t, leaveOrganization, apptest.Vars{"id": ada.Home})
			},
			"being removed": func(a *apptest.Actor) apptest.Answer {
				return ada.Do(t, removeFromOrganize, apptest.Vars{"id": membership(t, s, ada.Home, a)})
			},
		} {
			ben, cleo := s.Actor(t, "ben"), s.Actor(t, "cleo")
			s.JoinOrganization(t, ada.Home, ben, "READER")
			here, there, others := ada.Invite(t, key.ID, ben, "ADMIN"), eve.Invite(t, elsewhere.ID, ben, "ADMIN"), ada.Invite(t, key.ID, cleo, "ADMIN")
			s.SQL(t, "UPDATE mails SET state = 'QUEUED', next_attempt_at = ? WHERE resource_id IN (?, ?, ?)", int64(1)<<60, here, there, others)
			if done := leave(ben); done.Code() != "" {
				t.Fatalf("%s: %s", way, done.Body)
			}
			if code := ben.Do(t, accept, apptest.Vars{"id": here}).Code(); code != "INVITE_REVOKED" {
				t.Errorf("after %s they accept: %q", way, code)
			}
			if n := s.Count(t, "invitations WHERE id = ? AND status = 'REVOKED' AND settled_at > 1", here); n != 1 {
				t.Errorf("%s leaves the invitation open", way)
			}
			for id, want := range map[string]int{here: 0, there: 1, others: 1} {
				if n := s.Count(t, "mails WHERE resource_id = ?", id); n != want {
					t.Errorf("after %s %d letters of an invitation wait, want %d", way, n, want)
				}
			}
			ben.Accept(t, there)
			cleo.Accept(t, others)
		}
	})
}

// A13: whoever accepts while they are removed has nothing afterwards, whichever of the two was first.
func TestAcceptingDoesNotOutrunADeparture(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Here", "", "PROJECT")
		for range 5 {
			ben := s.Actor(t, "ben")
			s.JoinOrganization(t, ada.Home, ben, "READER")
			invited, place := ada.Invite(t, key.ID, ben, "ADMIN"), membership(t, s, ada.Home, ben)
			var both sync.WaitGroup
			both.Go(func() {
				ben.Do(t, `mutation($id: ID!) { acceptInvitation(input: {invitationId: $id}) { errors { code } } }`, apptest.Vars{"id": invited})
			})
			both.Go(func() {
				if out := ada.Do(t, removeFromOrganize, apptest.Vars{"id": place}); out.Code() != "" {
					t.Errorf("removing: %s", out.Body)
				}
			})
			both.Wait()
			if n := s.Count(t, "collaborators WHERE user_id = ?", ben.ID) + s.Count(t, "invitations WHERE id = ? AND status = 'PENDING'", invited); n != 0 {
				t.Error("who was removed kept a place, or a way to it")
			}
		}
	})
}

// An organization has an owner at all times, also when its last two leave at once; and only its owners remove.
func TestAnOrganizationKeepsAnOwner(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "eve")
		s.JoinOrganization(t, ada.Home, cleo, "READER")
		own := membership(t, s, ada.Home, ada)
		for name, c := range map[string]struct {
			out  apptest.Answer
			code string
		}{
			"the last owner leaves":    {ada.Do(t, leaveOrganization, apptest.Vars{"id": ada.Home}), "LAST_OWNER"},
			"the last owner goes":      {ada.Do(t, removeFromOrganize, apptest.Vars{"id": own}), "LAST_OWNER"},
			"a reader removes":         {cleo.Do(t, removeFromOrganize, apptest.Vars{"id": own}), "FORBIDDEN"},
			"a stranger removes":       {eve.Do(t, removeFromOrganize, apptest.Vars{"id": own}), "NOT_FOUND"},
			"a stranger leaves":        {eve.Do(t, leaveOrganization, apptest.Vars{"id": ada.Home}), "NOT_FOUND"},
			"nobody leaves":            {s.Anonymous().Do(t, leaveOrganization, apptest.Vars{"id": ada.Home}), "UNAUTHENTICATED"},
			"what is no member goes":   {ada.Do(t, removeFromOrganize, apptest.Vars{"id": ada.Home}), "NOT_FOUND"},
			"one of another goes away": {ada.Do(t, removeFromOrganize, apptest.Vars{"id": membership(t, s, eve.Home, eve)}), "NOT_FOUND"},
		} {
			if c.out.Code() != c.code {
				t.Errorf("%s: %s", name, c.out.Body)
			}
		}
		s.JoinOrganization(t, ada.Home, ben, "OWNER")
		codes := make([]string, 2)
		var both sync.WaitGroup
		for i, who := range []*apptest.Actor{ada, ben} {
			both.Go(func() { codes[i] = who.Do(t, leaveOrganization, apptest.Vars{"id": ada.Home}).Code() })
		}
		both.Wait()
		slices.Sort(codes)
		if n := s.Count(t, "organization_members WHERE organization_id = ? AND role = 'OWNER'", ada.Home); n != 1 || codes[0] != "" || codes[1] != "LAST_OWNER" {
			t.Errorf("two leave at once: %q, and %d owners are left", codes, n)
		}
	})
}
