package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
)

const searchQuery = `query($org: ID!, $text: String!, $first: Int) { searchPrincipals(organizationId: $org, query: $text, first: $first) {
	__typename ... on User { id username name email } ... on Group { id groupName: name status members(first: 1) { totalCount } } } }`

// search is who is found, in its order: usernames of people without their number, and names of groups.
func search(t *testing.T, who *apptest.Actor, organization, text string, people ...*apptest.Actor) string {
	t.Helper()
	out := who.Do(t, searchQuery, apptest.Vars{"org": organization, "text": text})
	if out.Code() != "" {
		return out.Code()
	}
	var found []string
	for i := range out.At("searchPrincipals").([]any) {
		name := out.Text("searchPrincipals", i, "groupName")
		for _, p := range people {
			if p.ID == out.At("searchPrincipals", i, "id") {
				name = p.Username
			}
		}
		found = append(found, name)
	}
	return strings.Join(found, " ")
}

// B4 B5: by the beginning of a word of a name, a username, an address or a group, in any case, in the organization alone; a
// disabled or empty group is not offered, and what is typed is text and no pattern.
//
//keyhall:norace
func TestPeopleAndGroupsAreFoundByTheBeginningOfAWord(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev"), s.Actor(t, "eve")
		everybody := []*apptest.Actor{ada, ben, cleo, dev, eve}
		for _, member := range []*apptest.Actor{ben, cleo, dev} {
			s.JoinOrganization(t, ada.Home, member, "READER")
		}
		named := func(who *apptest.Actor, name, email string) {
			s.SQL(t, "UPDATE users SET name = ?, email = ? WHERE id = ?", name, email, who.ID)
		}
		named(ada, "Ada Lovelace", "countess@example.com")
		named(ben, "Jean-Luc O'Brien", "b_100%@example.com")
		named(cleo, "Élodie ÖZTÜRK", "cleo@team.example")
		named(dev, "Lov_e Machine", "dev@example.com")
		named(eve, "Lovis Elsewhere", "eve@example.com")
		ada.MakeGroup(t, "Lovers of tea", ben)
		ada.MakeGroup(t, "Lovely, and empty")
		off := ada.MakeGroup(t, "Lovage", ben)
		s.SQL(t, `UPDATE "groups" SET status = 'DISABLED' WHERE id = ?`, off)
		late := ada.MakeGroup(t, "Lovelock", ben)
		s.SQL(t, "UPDATE group_members SET expires_at = 1 WHERE group_id = ?", late)
		eve.MakeGroup(t, "Lovebirds elsewhere", ben)
		for text, want := range map[string]string{
			"lov": ada.Username + " " + dev.Username + " Lovers of tea", "LOVELACE": ada.Username, "lovelace, ada": "", "ada lov": ada.Username, "ove": "",
			"jean": ben.Username, "luc": ben.Username, "jean-l": ben.Username, "brien": ben.Username, "o'b": ben.Username,
			"élo": cleo.Username, "ÉLODIE": cleo.Username, "öz": cleo.Username, "öztürk": cleo.Username, "lodie": "",
			ben.Username: ben.Username, ben.Username[:2]: ben.Username, "countess@": ada.Username, "COUNTESS@EXAMPLE": ada.Username, "example": "",
			"tea": "Lovers of tea", "of T": "Lovers of tea", "  lovers ": "Lovers of tea",
			"b_100%": ben.Username, "b_": ben.Username, "b%": "", "%": "", "_": "", "__": "", "lov%": "", "lov_": ada.Username + " " + dev.Username + " Lovers of tea", "*": "", `\`: "", "'": "", " ": "", "": "",
		} {
			if got := search(t, ben, ada.Home, text, everybody...); got != want {
				t.Errorf("%q finds %q, want %q", text, got, want)
			}
		}
		s.SQL(t, "UPDATE users SET suspended_at = 1 WHERE id = ?", dev.ID)
		if got := search(t, ben, ada.Home, "machine", everybody...); got != "" {
			t.Errorf("a suspended account is offered: %q", got)
		}
		few := ben.Must(t, searchQuery, apptest.Vars{"org": ada.Home, "text": "lov", "first": 1})
		if got := len(few.At("searchPrincipals").([]any)); got != 1 {
			t.Errorf("of 1 asked for there are %d", got)
		}
		if code := ben.Do(t, searchQuery, apptest.Vars{"org": ada.Home, "text": "lov", "first": 101}).Code(); code != "BAD_USER_INPUT" {
			t.Errorf("101 at once: %q", code)
		}
	})
}

// B4: a whole username or address reaches any account, and nothing else does: a name and no address, and no more is told of
// who is not there.
//
//keyhall:norace
func TestAWholeLoginReachesAnyAccountAndTellsNoMore(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "eve")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		for _, login := range []string{eve.Username, eve.Email, strings.ToUpper(eve.Email), " " + eve.Username + " "} {
			out := ada.Must(t, searchQuery, apptest.Vars{"org": ada.Home, "text": login})
			if out.Text("searchPrincipals", 0, "id") != eve.ID || out.At("searchPrincipals", 0, "email") != nil || out.At("searchPrincipals", 1) != nil {
				t.Errorf("%q finds %s", login, out.Body)
			}
		}
		colleague := ada.Must(t, searchQuery, apptest.Vars{"org": ada.Home, "text": ben.Username})
		if got := colleague.Text("searchPrincipals", 0, "email"); got != ben.Email {
			t.Errorf("a colleague is shown with the address %q", got)
		}
		for _, part := range []string{eve.Username[:3], eve.Email[:len(eve.Email)-1], "ev", "keyhall"} {
			if got := search(t, ada, ada.Home, part, eve); got != "" {
				t.Errorf("%q finds %q", part, got)
			}
		}
		s.SQL(t, "UPDATE users SET suspended_at = 1 WHERE id = ?", eve.ID)
		if got := search(t, ada, ada.Home, eve.Email, eve); got != "" {
			t.Errorf("a suspended account is found: %q", got)
		}
		if got := search(t, eve, ada.Home, "ada"); got != "UNAUTHENTICATED" {
			t.Errorf("a suspended person searches: %q", got)
		}
		if got := search(t, s.Actor(t, "fay"), ada.Home, "ada"); got != "NOT_FOUND" {
			t.Errorf("a stranger searches in the organization: %q", got)
		}
	})
}

// B4: an address reaches only who has proven that it is theirs; whoever just wrote it down is not there by it, and is by their name.
//
//keyhall:norace
func TestAnAddressReachesOnlyWhoHasProvenIt(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, bob := s.Actor(t, "ada"), s.Unverified(t, "bob")
		id, team := ada.AddSecret(t, "Payments", "v"), ada.MakeGroup(t, "Team", s.Actor(t, "old"))
		const (
			share = `mutation($id: ID!, $login: String!) { shareSecrets(input: {secretIds: [$id], grants: [{grantee: {login: $login}}]}) { errors { code message path } } }`
			add   = `mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { errors { code message path } } }`
		)
		ways := map[string]func(login string) apptest.Answer{
			"sharing": func(login string) apptest.Answer { return ada.Do(t, share, apptest.Vars{"id": id, "login": login}) },
			"adding":  func(login string) apptest.Answer { return ada.Do(t, add, apptest.Vars{"id": team, "login": login}) },
			"a preview": func(login string) apptest.Answer {
				return ada.Do(t, `query($group: ID!, $logins: [String!]) { previewGroupChange(input: {groupId: $group, userIds: [], logins: $logins}) { hiddenCount } }`,
					apptest.Vars{"group": team, "logins": []string{login}})
			},
			"a search": func(login string) apptest.Answer {
				return ada.Do(t, searchQuery, apptest.Vars{"org": ada.Home, "text": login})
			},
		}
		for way, by := range ways {
			taken, free := by(strings.ToUpper(bob.Email)), by("nobody@keyhall.test")
			if taken.Code() != free.Code() || fmt.Sprint(taken.Refused()) != fmt.Sprint(free.Refused()) || way != "a search" && taken.Code() == "" {
				t.Errorf("%s by an address that nobody has proven: %s, by one without an account: %s", way, taken.Body, free.Body)
			}
		}
		if got := search(t, ada, ada.Home, bob.Email, bob); got != "" {
			t.Errorf("the search finds %q by an address that is not proven", got)
		}
		if value, code := bob.Reveal(t, id); value != "" || code != "NOT_FOUND" {
			t.Errorf("who wrote down somebody's address reveals %q, %q", value, code)
		}
		if got := search(t, ada, ada.Home, bob.Username, bob); got != bob.Username {
			t.Errorf("by their name is found %q", got)
		}
		for _, way := range []string{"sharing", "adding"} {
			if out := ways[way](bob.Username); out.Code() != "" {
				t.Errorf("%s by a name: %s", way, out.Body)
			}
		}
		if value, _ := bob.Reveal(t, id); value != "v" {
			t.Error("a name does not reach its account")
		}
	})
}

// B4: searching is counted per person, and so are addresses that nobody has.
//
//keyhall:norace
func TestSearchingIsCounted(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		answers := map[string]int{}
		for i := range 8 {
			answers[search(t, ada, ada.Home, fmt.Sprintf("nobody%d@example.com", i))]++
		}
		if answers["RATE_LIMITED"] < 4 || answers[""] < 3 {
			t.Errorf("8 unknown addresses are answered %v", answers)
		}
		answers = map[string]int{}
		for range 20 {
			answers[search(t, ben, ben.Home, "nobody")]++
		}
		if answers["RATE_LIMITED"] < 9 || answers[""] < 10 {
			t.Errorf("20 searches are answered %v", answers)
		}
	}, func(c *app.Config) {
		c.Searches, c.Unknown = limit.Rate{Count: 10, Per: time.Hour}, limit.Rate{Count: 3, Per: time.Hour}
	})
}
