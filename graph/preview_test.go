package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
)

const previewQuery = `query($group: ID!, $ids: [ID!]!, $logins: [String!]) { previewGroupChange(input: {groupId: $group, userIds: $ids, logins: $logins}) {
	hiddenCount gains { principal { ... on User { id username email } } resource { ... on Secret { name } } permissions paths expiresAt } } }`

// previewed is each gain as "person: secret [permissions]".
func previewed(out apptest.Answer) (gains []string) {
	for i := range out.At("previewGroupChange", "gains").([]any) {
		var verbs []string
		for _, p := range out.At("previewGroupChange", "gains", i, "permissions").([]any) {
			verbs = append(verbs, strings.TrimPrefix(p.(string), "secret."))
		}
		gains = append(gains, fmt.Sprintf("%s: %s %v", out.Text("previewGroupChange", "gains", i, "principal", "username"),
			out.Text("previewGroupChange", "gains", i, "resource", "name"), verbs))
	}
	return gains
}

// B13 B20: whoever may add people to a group sees what these would gain: by name what they see themself, the rest as a number;
// and it is what these have once they are added, or once a disabled group is enabled again.
//
//keyhall:norace
func TestWhoeverAddsPeopleSeesFirstWhatTheyGain(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		team := secretGroup(t, ada.Home, ben, s.Actor(t, "old")) // ben owns the group, and is not in it
		read, write, hidden := ada.AddSecret(t, "Read", "1"), ada.AddSecret(t, "Write", "2"), ada.AddSecret(t, "Hidden", "3")
		ada.ShareSecret(t, read, apptest.Vars{"groupId": team}, apptest.Vars{"expiresAt": "2100-01-01T00:00:00Z"})
		for _, id := range []string{write, hidden} {
			ada.ShareSecret(t, id, apptest.Vars{"groupId": team}, apptest.Vars{"canEdit": true})
		}
		late := ada.AddSecret(t, "Late", "4")
		ada.ShareSecret(t, late, apptest.Vars{"groupId": team}, nil)
		s.SQL(t, "UPDATE secret_grants SET expires_at = 1 WHERE secret_id = ?", late)
		for _, id := range []string{read, write, late} {
			ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, nil)
		}
		ada.ShareSecret(t, write, apptest.Vars{"login": dev.Username}, nil)
		ask := apptest.Vars{"group": team, "ids": []string{}, "logins": []string{cleo.Email, dev.Username, strings.ToUpper(cleo.Username)}}
		out := ben.Must(t, previewQuery, ask)
		want := []string{
			cleo.Username + ": Read [reveal view view_sharing]", cleo.Username + ": Write [disable edit reveal view view_sharing view_versions]",
			dev.Username + ": Read [reveal view view_sharing]", dev.Username + ": Write [disable edit view_versions]",
		}
		if got := previewed(out); !slices.Equal(got, want) || out.At("previewGroupChange", "hiddenCount") != 1.0 {
			t.Errorf("ben is shown %v and %v more, want %v", got, out.At("previewGroupChange", "hiddenCount"), want)
		}
		if strings.Contains(out.Body, "Hidden") || strings.Contains(out.Body, "Late") || strings.Contains(out.Body, cleo.Email) || out.At("previewGroupChange", "gains", 0, "expiresAt") == nil ||
			fmt.Sprint(out.At("previewGroupChange", "gains", 1, "paths")) != "[group G (can edit)]" || out.At("previewGroupChange", "gains", 1, "expiresAt") != nil {
			t.Errorf("the preview says %s", out.Body)
		}
		if value, _ := cleo.Reveal(t, read); value != "" {
			t.Error("a preview gives what it shows")
		}
		ben.Must(t, `mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { errors { code } } }`, apptest.Vars{"id": team, "login": cleo.Username})
		can := cleo.Must(t, `query { secrets(first: 10) { nodes { name viewerCan } } }`, nil)
		var has []string
		for i := range can.At("secrets", "nodes").([]any) {
			has = append(has, cleo.Username+": "+can.Text("secrets", "nodes", i, "name")+" "+strings.ReplaceAll(fmt.Sprint(can.At("secrets", "nodes", i, "viewerCan")), "secret.", ""))
		}
		if !slices.Equal(has[:2], want[:2]) || len(has) != 3 {
			t.Errorf("added, cleo has %v", has)
		}
		s.SQL(t, `UPDATE "groups" SET status = 'DISABLED' WHERE id = ?`, team)
		ask["logins"] = []string{s.Actor(t, "eve").Username}
		if off := ben.Must(t, previewQuery, ask); len(previewed(off)) != 2 || off.At("previewGroupChange", "hiddenCount") != 1.0 {
			t.Errorf("a disabled group will give %s", off.Body)
		}
	})
}

// B13 C4: the projects that a group has a place in are gained with it, by who is in the organization; what one has already is not, and
// a project that the viewer does not see is a number.
//
//keyhall:norace
func TestAPreviewShowsTheProjectsThatAreGained(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, out := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "out")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		s.JoinOrganization(t, ada.Home, cleo, "READER")
		team := ben.Must(t, `mutation($org: ID!) { createGroup(input: {organizationId: $org, name: "Team"}) { group { id } errors { code } } }`, apptest.Vars{"org": ada.Home}).Text("createGroup", "group", "id")
		ben.Must(t, `mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { errors { code } } }`, apptest.Vars{"id": team, "login": s.Actor(t, "old").Username})
		lab, shop := newProject(t, ada, ada.Home, "Lab", "STAGING"), newProject(t, ada, ada.Home, "Shop", "STAGING")
		for project, role := range map[string]string{lab: "OWNER", shop: "MEMBER", newProject(t, ada, ada.Home, "Hidden", "STAGING"): "MEMBER"} {
			join(t, ada, project, apptest.Vars{"groupId": team}, role)
		}
		for _, project := range []string{lab, shop} {
			join(t, ada, project, apptest.Vars{"userId": ben.ID}, "MEMBER")
		}
		join(t, ada, lab, apptest.Vars{"userId": cleo.ID}, "MEMBER")
		const ask = `query($group: ID!, $logins: [String!]) { previewGroupChange(input: {groupId: $group, userIds: [], logins: $logins}) {
			hiddenCount gains { principal { ... on User { username } } resource { ... on Project { name } } permissions paths } } }`
		got := ben.Must(t, ask, apptest.Vars{"group": team, "logins": []string{cleo.Username, out.Username}})
		want := []string{
			cleo.Username + ": Lab [project.add_member project.archive project.edit project.edit_limits project.manage_service_accounts project.manage_verifiers project.remove_member project.update_member]",
			cleo.Username + ": Shop [project.create_api_key project.view project.view_limits project.view_members project.view_usage]",
		}
		if gains := previewed(got); !slices.Equal(gains, want) || got.At("previewGroupChange", "hiddenCount") != 1.0 || strings.Contains(got.Body, "Hidden") {
			t.Errorf("ben is shown %v and %v more", gains, got.At("previewGroupChange", "hiddenCount"))
		}
		if path := fmt.Sprint(got.At("previewGroupChange", "gains", 1, "paths")); path != "[group Team (member of the project)]" {
			t.Errorf("by %s", path)
		}
	})
}

// A preview is for who may add people, and tells nothing of accounts and groups that one does not see.
//
//keyhall:norace
func TestAPreviewIsNoSideDoor(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev"), s.Actor(t, "eve")
		for _, member := range []*apptest.Actor{ben, dev} {
			s.JoinOrganization(t, ada.Home, member, "READER")
		}
		team, closed := ada.MakeGroup(t, "Team", cleo), secretGroup(t, ada.Home, dev, eve)
		id := ada.AddSecret(t, "Payments", "1")
		ada.ShareSecret(t, id, apptest.Vars{"groupId": team}, nil)
		ada.ShareSecret(t, id, apptest.Vars{"groupId": closed}, nil)
		for _, c := range []struct {
			who  *apptest.Actor
			vars apptest.Vars
			code string
		}{
			{ben, apptest.Vars{"group": team, "ids": []string{ben.ID}}, "NOT_FOUND"}, {cleo, apptest.Vars{"group": team, "ids": []string{cleo.ID}}, "FORBIDDEN"},
			{ada, apptest.Vars{"group": team, "ids": []string{eve.ID}}, "NOT_FOUND"}, {ada, apptest.Vars{"group": team, "ids": []string{"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV"}}, "NOT_FOUND"},
			{ada, apptest.Vars{"group": team, "ids": []string{}, "logins": []string{"nobody-here"}}, "NOT_FOUND"}, {ada, apptest.Vars{"group": team, "ids": []string{}}, "BAD_USER_INPUT"},
			{ada, apptest.Vars{"group": team, "ids": make([]string, 51)}, "BAD_USER_INPUT"}, {s.Anonymous(), apptest.Vars{"group": team, "ids": []string{ada.ID}}, "UNAUTHENTICATED"},
		} {
			if out := c.who.Do(t, previewQuery, c.vars); out.Code() != c.code {
				t.Errorf("%s asks %v: %s, want %s", c.who.Username, c.vars, out.Body, c.code)
			}
		}
		// eve has the secret through a group whose members ada may not see: that she has it is not told
		out := ada.Must(t, previewQuery, apptest.Vars{"group": team, "ids": []string{}, "logins": []string{eve.Username, ben.Username}})
		if got := previewed(out); len(got) != 2 || !strings.HasPrefix(got[0], eve.Username) || strings.TrimPrefix(got[0], eve.Username) != strings.TrimPrefix(got[1], ben.Username) {
			t.Errorf("the preview tells eve and ben apart: %v", got)
		}
	})
}

// B20: when people are really added, each secret that they gain has an event, and its owner a letter, in the same transaction;
// of a disabled group too, because nobody is told when it is enabled.
//
//keyhall:norace
func TestTheOwnersAreToldWhatAGroupHandsOn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		s.JoinOrganization(t, ada.Home, cleo, "READER")
		team := secretGroup(t, ada.Home, ben, dev)
		adas, bens := ada.AddSecret(t, "Adas", "1"), ben.AddSecret(t, "Bens", "2")
		cleos := cleo.Must(t, `mutation($org: ID!) { createSecret(input: {organizationId: $org, name: "Cleos", url: "https://x.example", clientId: "c"}) { secret { id } errors { code } } }`,
			apptest.Vars{"org": ada.Home}).Text("createSecret", "secret", "id")
		ada.ShareSecret(t, adas, apptest.Vars{"groupId": team}, nil)
		cleo.ShareSecret(t, cleos, apptest.Vars{"groupId": team}, nil)
		s.SQL(t, "INSERT INTO secret_grants (id, created_at, secret_id, group_id, level, expires_at, granted_at) VALUES ('sgr_fixture', 1, ?, ?, 'VIEW', 0, 1)", bens, team)
		late := ada.AddSecret(t, "Late", "3")
		ada.ShareSecret(t, late, apptest.Vars{"groupId": team}, nil)
		s.SQL(t, "UPDATE secret_grants SET expires_at = 1 WHERE secret_id = ?", late)
		const add = `mutation($id: ID!, $members: [GroupMemberInput!]!) { addGroupMembers(input: {groupId: $id, members: $members}) { group { id } errors { code } } }`
		told := func(secret string) string {
			out := ""
			for _, e := range s.AuditTrail(t, secret) {
				if e.Type == "share.group_grew" {
					out += fmt.Sprintf("%s by %s of %s;", e.Change("new_members"), e.Actor, e.Change("group"))
				}
			}
			return out
		}
		letters := func(who *apptest.Actor) int {
			return s.Count(t, "mails WHERE kind = 'group_grew' AND user_id = ? AND resource_id = ? AND recipient = ? AND actor_name = ?", who.ID, team, who.Email, ben.Username)
		}
		refused := ben.Do(t, add, apptest.Vars{"id": team, "members": []apptest.Vars{{"login": ada.Username}, {"login": "nobody-here"}}})
		if refused.Code() != "GRANTEE_INVALID" || told(adas) != "" || letters(ada) != 0 {
			t.Errorf("nobody was added, and it is told: %s", refused.Body)
		}
		ben.Must(t, add, apptest.Vars{"id": team, "members": []apptest.Vars{{"login": cleo.Username}, {"login": s.Actor(t, "eve").Username}}})
		for secret, want := range map[string]string{adas: "2 by ", bens: "2 by ", cleos: "1 by ", late: ""} {
			if want != "" {
				want += ben.ID + " of " + team + ";"
			}
			if got := told(secret); got != want {
				t.Errorf("of a secret is told %q, want %q", got, want)
			}
		}
		if letters(ada) != 1 || letters(cleo) != 1 || letters(ben) != 0 || s.Count(t, "mails WHERE kind = 'group_grew'") != 2 {
			t.Errorf("letters: %d to ada, %d to cleo, %d to ben", letters(ada), letters(cleo), letters(ben))
		}
		s.SQL(t, `UPDATE "groups" SET status = 'DISABLED' WHERE id = ?`, team)
		ben.Must(t, add, apptest.Vars{"id": team, "members": []apptest.Vars{{"login": ada.Username}}})
		if once := "1 by " + ben.ID + " of " + team + ";"; told(cleos) != once+once || letters(cleo) != 2 {
			t.Errorf("a disabled group hands on unheard, as soon as it is enabled: %q and %d letters", told(cleos), letters(cleo))
		}
	})
}

// B20: an owner who has left the organization is not written to, as nothing of theirs there is handed on to them any more.
//
//keyhall:norace
func TestAnOwnerWhoHasLeftGetsNoLetterAboutAGroup(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		s.JoinOrganization(t, ada.Home, cleo, "READER")
		team := secretGroup(t, ada.Home, cleo, dev)
		own := ben.Must(t, `mutation($org: ID!) { createSecret(input: {organizationId: $org, name: "Bens", url: "https://x.example", clientId: "c"}) { secret { id } errors { code } } }`,
			apptest.Vars{"org": ada.Home}).Text("createSecret", "secret", "id")
		ben.ShareSecret(t, own, apptest.Vars{"groupId": team}, nil)
		grow := func() {
			cleo.Must(t, `mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { errors { code } } }`,
				apptest.Vars{"id": team, "login": s.Actor(t, "eve").Username})
		}
		for what, leave := range []func(){func() {}, func() { ada.Must(t, removeFromOrganize, apptest.Vars{"id": membership(t, s, ada.Home, ben)}) }} {
			leave()
			grow()
			if n := s.Count(t, "mails WHERE kind = 'group_grew' AND user_id = ?", ben.ID); n != 1 {
				t.Errorf("the owner has %d letters, want 1 (%d)", n, what)
			}
		}
	})
}

// The letter itself: who did it and which group, and nothing of who was added.
//
//keyhall:norace
func TestTheLetterAboutAGroupThatGrew(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		team := secretGroup(t, ada.Home, ben, s.Actor(t, "old"))
		ada.ShareSecret(t, ada.AddSecret(t, "Payments", "1"), apptest.Vars{"groupId": team}, nil)
		ben.Must(t, `mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { errors { code } } }`, apptest.Vars{"id": team, "login": cleo.Username})
		m := box.Await(t, mail.GroupGrew, ada.Email, 1)
		if m.Subject != ben.Username+" added people to the group “G”" || strings.Contains(m.Raw, cleo.Username) || strings.Contains(m.Raw, "Payments") || m.Problem != "" {
			t.Errorf("the letter: %q %q %s", m.Subject, m.Problem, m.Text)
		}
	})
}
