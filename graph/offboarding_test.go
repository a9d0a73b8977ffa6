package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const offboarding = `query($org: ID!, $who: ID!) { offboardingPreview(organizationId: $org, userId: $who) {
	keysThatStop { id name start status kind tags createdAt lastUsedAt project { name } replaces { id } viewerMembership { id } securitySettings { origins } owner { ... on User { id } } viewerCan }
	solelyOwned { id __typename ... on APIKey { name keyOwner: owner { __typename } } ... on Secret { name url clientId notes hidden: status shared version createdAt updatedAt organization { id } grants(first: 1) { totalCount } owner { id } viewerCan } ... on Group { name status } }
	exposures { name secret { id } } heirs { id name } } }`

func idsAt(out apptest.Answer, path ...any) []string {
	got := []string{}
	list, _ := out.At(path...).([]any)
	for _, row := range list {
		got = append(got, row.(map[string]any)["id"].(string))
	}
	slices.Sort(got)
	return got
}

// C10: before somebody leaves an organization its owners are told which keys would stop, what only they own, what they have looked at
// and who could look after it: by name, where they do not see it, and nobody else is told.
//
//keyhall:norace
func TestWhatSomebodyWouldLeaveBehindIsNamedAndNotShown(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, gus, out := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "gus"), s.Actor(t, "out")
		id, shop, lab := crew(t, s, ada)
		for who, role := range map[*apptest.Actor]string{ben: "READER", cleo: "READER", gus: "OWNER"} {
			s.JoinOrganization(t, id, who, role)
		}
		for _, who := range []*apptest.Actor{ben, cleo} {
			s.JoinProject(t, shop, who, "OWNER")
			s.JoinProject(t, lab, who, "MEMBER")
		}
		own := func(what, extra string) string {
			return ben.Must(t, `mutation($org: ID!) { made: `+what+`(input: {organizationId: $org, name: "Bens"`+extra+`}) { made: `+strings.ToLower(strings.TrimPrefix(what, "create"))+` { id } errors { code } } }`,
				apptest.Vars{"org": id}).Text("made", "made", "id")
		}
		secret, group := own("createSecret", `, url: "https://bens.example", clientId: "bens-client", clientSecret: "v", notes: "hush"`), own("createGroup", "")
		works, personal := ben.CreateKey(t, "Works", shop, "PROJECT"), ben.CreateKey(t, "Personal", shop, "PROJECT")
		s.SQL(t, "UPDATE api_keys SET kind = 'PERSONAL' WHERE id = ?", personal.ID) // nobody makes one there any more
		off, archived := ben.CreateKey(t, "Off", shop, "PROJECT"), ben.CreateKey(t, "Archived", lab, "PROJECT")
		ben.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": off.ID})
		s.SQL(t, "UPDATE projects SET archived_at = 1 WHERE id = ?", lab)
		ben.CreateKey(t, "Elsewhere", "", "PROJECT")
		cleo.CreateKey(t, "Cleos", shop, "PROJECT")
		seen := ada.Must(t, `mutation($org: ID!) { createSecret(input: {organizationId: $org, name: "Seen", url: "https://x.example", clientId: "c", clientSecret: "v"}) { secret { id } errors { code } } }`,
			apptest.Vars{"org": id}).Text("createSecret", "secret", "id")
		ada.ShareSecret(t, seen, apptest.Vars{"login": ben.Username}, nil)
		ben.Reveal(t, seen)

		got := gus.Must(t, offboarding, apptest.Vars{"org": id, "who": ben.ID})
		same := func(what string, got []string, want ...string) {
			t.Helper()
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		same("keys that stop", idsAt(got, "offboardingPreview", "keysThatStop"), works.ID, personal.ID)
		same("only his", idsAt(got, "offboardingPreview", "solelyOwned"), works.ID, personal.ID, off.ID, archived.ID, secret, group)
		same("heirs", idsAt(got, "offboardingPreview", "heirs"), ada.ID, cleo.ID, gus.ID)
		if got.Text("offboardingPreview", "exposures", 0, "name") != "Seen" || got.At("offboardingPreview", "exposures", 1) != nil {
			t.Errorf("what he saw: %s", got.Body)
		}
		for _, hidden := range []string{"bens.example", "bens-client", "hush", personal.Plaintext[:16]} {
			if strings.Contains(got.Body, hidden) {
				t.Errorf("an owner who does not see it is shown %q: %s", hidden, got.Body)
			}
		}
		if !strings.Contains(got.Body, "Personal") || strings.Count(got.Body, "Bens") < 2 {
			t.Errorf("what he does not see has no name: %s", got.Body)
		}
		s.SQL(t, "UPDATE users SET suspended_at = 1 WHERE id = ?", cleo.ID)
		same("heirs who stand", idsAt(gus.Must(t, offboarding, apptest.Vars{"org": id, "who": ben.ID}), "offboardingPreview", "heirs"), ada.ID, gus.ID)
		for name, c := range map[string]struct {
			by   *apptest.Actor
			code string
		}{"himself": {ben, "FORBIDDEN"}, "a stranger": {out, "NOT_FOUND"}, "nobody": {s.Anonymous(), "UNAUTHENTICATED"}} {
			if code := c.by.Do(t, offboarding, apptest.Vars{"org": id, "who": ben.ID}).Code(); code != c.code {
				t.Errorf("%s asks: %q", name, code)
			}
		}
		if got := gus.Must(t, offboarding, apptest.Vars{"org": id, "who": out.ID}); fmt.Sprint(idsAt(got, "offboardingPreview", "solelyOwned")) != "[]" {
			t.Errorf("somebody from outside: %s", got.Body)
		}
	})
}

// C10, section 3: who owns a project by a group can look after its keys too, while the group is enabled and they are in it; who may
// not see the members of a group is not told of them here either. What a leaver saw, and the keys that they made by a group's place, count
// as they do for anybody.
//
//keyhall:norace
func TestOffboardingCountsPlacesByGroups(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, gus, late := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "gus"), s.Actor(t, "late")
		for who, role := range map[*apptest.Actor]string{ben: "READER", cleo: "READER", gus: "OWNER", late: "READER"} {
			s.JoinOrganization(t, ada.Home, who, role)
		}
		shop := newProject(t, gus, ada.Home, "Shop", "STAGING")
		group := ada.MakeGroup(t, "Leads", ben, cleo, late) // whose members gus does not see
		s.SQL(t, "UPDATE group_members SET expires_at = 1 WHERE user_id = ?", late.ID)
		place := join(t, ada, shop, apptest.Vars{"groupId": group}, "OWNER")
		key := ben.Must(t, createKeyIn, apptest.Vars{"project": shop}).Text("createAPIKey", "apiKey", "id")
		secret := ada.AddSecret(t, "Seen", "v")
		ada.ShareSecret(t, secret, apptest.Vars{"groupId": group}, nil)
		ben.Reveal(t, secret)
		check := func(when string, by *apptest.Actor, heirs ...string) {
			t.Helper()
			out := by.Must(t, offboarding, apptest.Vars{"org": ada.Home, "who": ben.ID})
			slices.Sort(heirs)
			if got := idsAt(out, "offboardingPreview", "heirs"); !slices.Equal(got, heirs) {
				t.Errorf("%s: heirs %v, want %v", when, got, heirs)
			}
			if got := fmt.Sprint(idsAt(out, "offboardingPreview", "solelyOwned")); got != "["+key+"]" {
				t.Errorf("%s: only his is %s", when, got)
			}
			if got := out.Text("offboardingPreview", "exposures", 0, "name"); got != "Seen" || out.At("offboardingPreview", "exposures", 1) != nil {
				t.Errorf("%s: what he saw: %s", when, out.Body)
			}
		}
		check("by a group", ada, ada.ID, gus.ID, cleo.ID)
		if got := fmt.Sprint(idsAt(gus.Must(t, offboarding, apptest.Vars{"org": ada.Home, "who": ben.ID}), "offboardingPreview", "keysThatStop")); got != "["+key+"]" {
			t.Errorf("keys that stop %s", got)
		}
		check("by a group that one does not see into", gus, ada.ID, gus.ID)
		ada.Must(t, updateProjectMember, apptest.Vars{"id": place, "role": "MEMBER"})
		check("by a group of members", ada, ada.ID, gus.ID)
		ada.Must(t, updateProjectMember, apptest.Vars{"id": place, "role": "OWNER"})
		s.SQL(t, `UPDATE "groups" SET status = 'DISABLED' WHERE id = ?`, group)
		check("by a disabled group", ada, ada.ID, gus.ID)
		if out := ada.Must(t, exposureQuery, apptest.Vars{"org": ada.Home, "user": cleo.ID}); out.At("exposureReport", "totalCount") != 0.0 {
			t.Errorf("who shared the group and looked at nothing: %s", out.Body)
		}
	})
}
