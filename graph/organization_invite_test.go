package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/mail"
)

const (
	inviteThere = `mutation($org: ID!, $emails: [String!]!, $role: OrganizationRole!, $projects: [ProjectRoleInput!]) {
		inviteToOrganization(input: {organizationId: $org, emails: $emails, role: $role, projects: $projects}) {
			results { email invitation { id email role status targetName deliveryStatus } link error { code } } errors { code path } } }`
	resendThere   = `mutation($id: ID!) { resendInvitation(input: {invitationId: $id}) { invitation { resendCount } link errors { code } } }`
	seesIt        = `query($id: ID!) { organization(id: $id) { viewerRole } }`
	organizations = `query($id: ID!) { node(id: $id) { ... on Invitation { target { ... on Organization { name } } } } }`
)

func outcomesOf(out apptest.Answer) []string {
	var got []string
	list, _ := out.At("inviteToOrganization", "results").([]any)
	for i := range list {
		code := out.Text("inviteToOrganization", "results", i, "error", "code")
		if code == "" && out.Text("inviteToOrganization", "results", i, "invitation", "id") != "" {
			code = "invited"
		}
		got = append(got, code)
	}
	return got
}

// team makes an organization with two projects, and its owner an owner of the first.
func crew(t *testing.T, s *apptest.Server, owner *apptest.Actor) (id, shop, lab string) {
	t.Helper()
	id = owner.MakeOrganization(t, "Acme "+owner.Username)
	shop, lab = strings.Replace(id, "org_", "prj_", 1), strings.Replace(id, "org_0", "prj_1", 1)
	for name, project := range map[string]string{"Shop": shop, "Lab": lab} {
		s.SQL(t, "INSERT INTO projects (id, created_at, name, environment, organization_id) VALUES (?, 1, ?, 'STAGING', ?)", project, name, id)
	}
	s.JoinProject(t, shop, owner, "OWNER")
	return id, shop, lab
}

// C9, section 7: any address is invited, by mail, and whether it has an account shows nowhere; a member is one to see.
//
//keyhall:norace
func TestAnyAddressIsInvitedToAnOrganization(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, ben, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "dev")
		id, _, _ := crew(t, s, ada)
		s.JoinOrganization(t, id, ben, "READER")
		emails := []string{dev.Email, "new@keyhall.test", strings.ToUpper(dev.Email), "no address", ben.Email}
		out := ada.Must(t, inviteThere, apptest.Vars{"org": id, "emails": emails, "role": "READER"})
		if got := fmt.Sprint(outcomesOf(out)); got != "[invited invited INVALID ALREADY_MEMBER]" {
			t.Errorf("invited: %s", got)
		}
		alike := strings.NewReplacer("SENT", "QUEUED", dev.Email, "X", "new@keyhall.test", "X", out.Text("inviteToOrganization", "results", 0, "invitation", "id"), "ID",
			out.Text("inviteToOrganization", "results", 1, "invitation", "id"), "ID")
		if one, other := fmt.Sprint(out.At("inviteToOrganization", "results", 0)), fmt.Sprint(out.At("inviteToOrganization", "results", 1)); alike.Replace(one) != alike.Replace(other) || strings.Contains(one, "http") {
			t.Errorf("a known and an unknown address:\n%s\n%s", one, other)
		}
		known, unknown := box.Await(t, mail.OrganizationInvitation, dev.Email, 1), box.Await(t, mail.OrganizationInvitation, "new@keyhall.test", 1)
		for _, letter := range []apptest.Message{known, unknown} {
			if !strings.Contains(letter.Text, "Acme") || !strings.Contains(letter.Text, "a reader") || !strings.Contains(letter.Link, "/invitations#khi_") {
				t.Errorf("the letter: %s", letter.Text)
			}
		}
		if again := ada.Must(t, inviteThere, apptest.Vars{"org": id, "emails": emails[:2], "role": "OWNER"}); fmt.Sprint(outcomesOf(again)) != "[INVITE_ALREADY_PENDING INVITE_ALREADY_PENDING]" {
			t.Errorf("again: %s", again.Body)
		}
		for name, c := range map[string]struct {
			by     *apptest.Actor
			emails []string
			code   string
		}{
			"a reader": {ben, emails, "FORBIDDEN"}, "a stranger": {dev, emails, "NOT_FOUND"}, "nobody": {s.Anonymous(), emails, "UNAUTHENTICATED"},
			"no address": {ada, []string{}, "REQUIRED"}, "too many": {ada, make([]string, 51), "TOO_LONG"},
		} {
			if got := c.by.Do(t, inviteThere, apptest.Vars{"org": id, "emails": c.emails, "role": "READER"}); got.Code() != c.code {
				t.Errorf("%s: %s", name, got.Body)
			}
		}
		rows := ada.Must(t, `query($id: ID!) { organization(id: $id) { invitations(first: 9) { totalCount nodes { email target { ... on Organization { name } } } } } }`, apptest.Vars{"id": id})
		if rows.At("organization", "invitations", "totalCount") != 2.0 || rows.Text("organization", "invitations", "nodes", 0, "target", "name") == "" {
			t.Errorf("its invitations: %s", rows.Body)
		}
		if got := ben.Do(t, `query($id: ID!) { organization(id: $id) { invitations(first: 9) { totalCount } } }`, apptest.Vars{"id": id}); got.Code() != "FORBIDDEN" {
			t.Errorf("a reader lists them: %s", got.Body)
		}
	})
}

// C9: who accepts by the mailed link is in, with the role and the projects that were offered; the link proves their address.
//
//keyhall:norace
func TestWhoAcceptsIsInTheOrganizationAndItsProjects(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, eve := s.Actor(t, "ada"), s.Actor(t, "eve")
		id, shop, lab := crew(t, s, ada)
		ada.InviteTo(t, id, "newcomer-1@keyhall.test", "READER", apptest.Vars{"projectId": shop, "role": "MEMBER"}, apptest.Vars{"projectId": lab, "role": "OWNER"})
		letter := box.Await(t, mail.OrganizationInvitation, "newcomer-1@keyhall.test", 1)
		dev := s.Unverified(t, "newcomer") // with that very address
		s.SQL(t, "UPDATE users SET email = 'newcomer-1@keyhall.test' WHERE id = ?", dev.ID)
		dev.SignIn(t)
		if code := eve.Do(t, acceptByToken, withToken(letter.Token)).Code(); code != "INVITE_WRONG_ACCOUNT" {
			t.Errorf("another account: %q", code)
		}
		if out := dev.Must(t, openMutation, withToken(letter.Token)); out.Text("openInvitation", "invitation", "role") != "READER" {
			t.Errorf("opened: %s", out.Body)
		}
		dev.Must(t, acceptByToken, withToken(letter.Token))
		if out := dev.Must(t, seesIt, apptest.Vars{"id": id}); out.Text("organization", "viewerRole") != "READER" {
			t.Errorf("they are in it as %s", out.Body)
		}
		out := dev.Must(t, `query($id: ID!) { organization(id: $id) { projects(first: 5) { nodes { name viewerRole } } } viewer { emailVerified } }`, apptest.Vars{"id": id})
		if !strings.Contains(out.Body, `"Shop","viewerRole":"MEMBER"`) || !strings.Contains(out.Body, `"Lab","viewerRole":"OWNER"`) || out.At("viewer", "emailVerified") != true {
			t.Errorf("they have: %s", out.Body)
		}
		if code := dev.Do(t, acceptByToken, withToken(letter.Token)).Code(); code != "INVITE_NOT_PENDING" {
			t.Errorf("twice: %q", code)
		}
		for typ, of := range map[string]string{"invite.sent": id, "invite.accepted": id, "project.member_added": shop} {
			if n := s.Count(t, "audit_events WHERE type = ? AND resource_id = ? AND organization_id = ? AND outcome = 'DONE'", typ, of, id); n != 1 {
				t.Errorf("%d events tell %s", n, typ)
			}
		}
	})
}

// C9: places in projects that the inviter can give no more, or that are archived, are left out, and the trail says so; an inviter who
// may not invite any more makes it void.
//
//keyhall:norace
func TestAnInvitationGivesWhatItsInviterStillCan(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, dev, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "dev"), s.Actor(t, "eve")
		id, shop, lab := crew(t, s, ada)
		s.JoinOrganization(t, id, ben, "OWNER")
		both := []apptest.Vars{{"projectId": shop, "role": "MEMBER"}, {"projectId": lab, "role": "MEMBER"}}
		first, second := ben.InviteTo(t, id, dev.Email, "OWNER", both...), ben.InviteTo(t, id, eve.Email, "READER", both...)
		s.SQL(t, "UPDATE projects SET archived_at = 1 WHERE id = ?", lab)
		dev.Accept(t, first)
		if n, m := s.Count(t, "project_members WHERE user_id = ? AND project_id = ?", dev.ID, shop), s.Count(t, "project_members WHERE user_id = ? AND project_id = ?", dev.ID, lab); n != 1 || m != 0 {
			t.Errorf("%d places in the open project, %d in the archived one", n, m)
		}
		if got := textOf(t, s, "SELECT CAST(changes AS TEXT) FROM audit_events WHERE type = 'invite.accepted' AND resource_id = ?", id); !strings.Contains(got, "project_left_out") || !strings.Contains(got, lab) {
			t.Errorf("the trail says %s", got)
		}
		ada.Must(t, updateMemberRole, apptest.Vars{"id": membership(t, s, id, ben), "role": "READER"})
		answers(t, "of who may not invite any more", eve, acceptMutation, second, "INVITE_REVOKED")
		if n := s.Count(t, "organization_members WHERE user_id = ? AND organization_id = ?", eve.ID, id); n != 0 {
			t.Error("a void invitation let somebody in")
		}
	})
}

// C9: nobody gives a place in a project where they may not add members, in another organization's, or in an archived one.
//
//keyhall:norace
func TestOnlyPlacesThatOneMayGiveAreOffered(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, eve := s.Actor(t, "ada"), s.Actor(t, "eve")
		id, shop, lab := crew(t, s, ada)
		s.SQL(t, "UPDATE projects SET archived_at = 1 WHERE id = ?", lab)
		narrow := ada.Must(t, `mutation($p: [Permission!]) { createAccessToken(input: {name: "n", permissions: $p}) { plaintext errors { code } } }`,
			apptest.Vars{"p": []string{"organization.view", "organization.invite", "organization_member.view", "invitation.view", "user.view", "project.view"}})
		token := ada.WithToken(narrow.Text("createAccessToken", "plaintext"))
		for name, c := range map[string]struct {
			by       *apptest.Actor
			projects []string
			code     string
		}{
			"a hidden one": {ada, []string{eve.Project}, "NOT_FOUND"}, "of another organization": {ada, []string{ada.Project}, "NOT_FOUND"},
			"no project": {ada, []string{id}, "NOT_FOUND"}, "archived": {ada, []string{lab}, "INVALID"}, "twice": {ada, []string{shop, shop}, "INVALID"},
			"without the right": {token, []string{shop}, "FORBIDDEN"}, "one's own": {ada, []string{shop}, ""},
		} {
			var projects []apptest.Vars
			for _, p := range c.projects {
				projects = append(projects, apptest.Vars{"projectId": p, "role": "MEMBER"})
			}
			before := s.Count(t, "invitations")
			out := c.by.Do(t, inviteThere, apptest.Vars{"org": id, "emails": []string{"x@keyhall.test"}, "role": "READER", "projects": projects})
			if out.Code() != c.code || c.code != "" && s.Count(t, "invitations") != before {
				t.Errorf("%s: %s", name, out.Body)
			}
		}
	})
}

// C9, section 1: without a mail server the inviter gets the link, this once. It is bound to its address, and proves it to nobody; a
// new one ends it.
//
//keyhall:norace
func TestWithoutMailTheInviterGetsTheLinkOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, dev, eve := s.Actor(t, "ada"), s.Unverified(t, "dev"), s.Actor(t, "eve")
		id, _, _ := crew(t, s, ada)
		vars := apptest.Vars{"org": id, "emails": []string{dev.Email}, "role": "READER"}
		out := ada.Once(t, inviteThere, vars, "once")
		link, inv := out.Text("inviteToOrganization", "results", 0, "link"), out.Text("inviteToOrganization", "results", 0, "invitation", "id")
		_, token, _ := strings.Cut(link, "/invitations#")
		if token == "" || out.Text("inviteToOrganization", "results", 0, "invitation", "deliveryStatus") != "NOT_CONFIGURED" {
			t.Fatalf("the link: %s", out.Body)
		}
		if again := ada.Once(t, inviteThere, vars, "once"); strings.Contains(again.Body, token) || again.Code() != "ALREADY_DELIVERED" || again.Text("inviteToOrganization", "results", 0, "invitation", "id") != inv {
			t.Errorf("once more: %s", again.Body)
		}
		if changes := textOf(t, s, "SELECT CAST(changes AS TEXT) FROM audit_events WHERE type = 'invite.sent' AND resource_id = ?", id); !strings.Contains(changes, "link") || strings.Contains(changes, token) {
			t.Errorf("the trail says %s", changes)
		}
		if strings.Contains(s.Log.String(), token[30:60]) {
			t.Error("the link is in the log")
		}
		for who, code := range map[*apptest.Actor]string{eve: "INVITE_WRONG_ACCOUNT", ada: "INVITE_WRONG_ACCOUNT", dev: "EMAIL_NOT_VERIFIED"} {
			for what, mutation := range byLink() {
				if got := who.Do(t, mutation, withToken(token)); got.Code() != code {
					t.Errorf("%s by %s: %s", what, who.Username, got.Body)
				}
			}
		}
		if n := s.Count(t, "users WHERE id = ? AND email_verified = ?", dev.ID, true); n != 0 {
			t.Error("a link that was not mailed proves an address")
		}
		s.SQL(t, "UPDATE users SET email_verified = ? WHERE id = ?", true, dev.ID)
		newer := ada.Must(t, resendThere, apptest.Vars{"id": inv}).Text("resendInvitation", "link")
		_, next, _ := strings.Cut(newer, "#")
		if code := dev.Do(t, acceptByToken, withToken(token)).Code(); next == "" || code != "INVITE_REVOKED" {
			t.Errorf("the link before %q: %q", newer, code)
		}
		dev.Must(t, acceptByToken, withToken(next))
		if out := dev.Must(t, seesIt, apptest.Vars{"id": id}); out.Text("organization", "viewerRole") != "READER" {
			t.Errorf("they are in it as %s", out.Body)
		}
	})
}

// C9: it is listed to whom it is for, revoked and sent again by owners alone, and declined; what it is to is hidden until then.
//
//keyhall:norace
func TestInvitationsToAnOrganizationEndAsThoseToAKey(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, dev, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "dev"), s.Actor(t, "eve")
		id, _, _ := crew(t, s, ada)
		s.JoinOrganization(t, id, ben, "READER")
		inv := ada.InviteTo(t, id, dev.Email, "READER")
		if out := dev.Must(t, `{ viewer { invitations(first: 5) { nodes { id role target { ... on Organization { name } } } } } }`, nil); out.Text("viewer", "invitations", "nodes", 0, "id") != inv ||
			out.At("viewer", "invitations", "nodes", 0, "target") != nil {
			t.Errorf("listed: %s", out.Body)
		}
		for _, ask := range []string{revokeMutation, resendThere} {
			answers(t, "a reader", ben, ask, inv, "NOT_FOUND")
			answers(t, "a stranger", eve, ask, inv, "NOT_FOUND")
			if code := about(t, dev, ask, inv).Code(); code != "NOT_FOUND" && code != "FORBIDDEN" {
				t.Errorf("who is invited: %q", code)
			}
		}
		answers(t, "send again", ada, resendThere, inv, "")
		answers(t, "decline", dev, declineMutation, inv, "")
		answers(t, "accept what is declined", dev, acceptMutation, inv, "INVITE_NOT_PENDING")
		answers(t, "revoke what is declined", ada, revokeMutation, inv, "INVITE_NOT_PENDING")
		second := ada.InviteTo(t, id, dev.Email, "OWNER")
		answers(t, "revoke", ada, revokeMutation, second, "")
		answers(t, "accept what is revoked", dev, acceptMutation, second, "INVITE_REVOKED")
		third := ada.InviteTo(t, id, dev.Email, "READER")
		s.SQL(t, "UPDATE invitations SET expires_at = 1 WHERE id = ?", third)
		answers(t, "accept what is too old", dev, acceptMutation, third, "INVITE_EXPIRED")
		answers(t, "send what is too old again", ada, resendThere, third, "INVITE_NOT_PENDING")
		fourth := ada.InviteTo(t, id, dev.Email, "READER")
		s.JoinOrganization(t, id, dev, "READER")
		answers(t, "accept as a member", dev, acceptMutation, fourth, "ALREADY_MEMBER")
		if out := dev.Must(t, organizations, apptest.Vars{"id": fourth}); out.Text("node", "target", "name") == "" {
			t.Errorf("a member does not see what it is to: %s", out.Body)
		}
		if n := s.Count(t, "organization_members WHERE organization_id = ?", id); n != 3 {
			t.Errorf("%d members", n)
		}
	})
}

// A4, A10: inviting to an organization is counted as inviting to a key is.
//
//keyhall:norace
func TestInvitingToAnOrganizationIsCounted(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		id, _, _ := crew(t, s, ada)
		first := ada.InviteTo(t, id, "one@keyhall.test", "READER")
		out := ada.Do(t, inviteThere, apptest.Vars{"org": id, "emails": []string{"two@keyhall.test", "three@keyhall.test"}, "role": "READER"})
		if out.Code() != "RATE_LIMITED" || s.Count(t, "invitations") != 1 {
			t.Errorf("the third of two an hour: %s", out.Body)
		}
		answers(t, "again", ada, resendThere, first, "")
		answers(t, "too often", ada, resendThere, first, "RATE_LIMITED")
	}, func(c *app.Config) {
		c.Invites, c.Resends = limit.Rate{Count: 2, Per: time.Hour}, limit.Rate{Count: 1, Per: time.Hour}
	})
}
