package graph_test

import (
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const acceptIt = `mutation($id: ID!) { acceptInvitation(input: {invitationId: $id}) { invitation { status } errors { code } } }`

//keyhall:norace
func TestAnInvitationIsAcceptedOnlyWithAVerifiedAddress(t *testing.T) { // A9
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		erik, admin, gerd := s.Actor(t, "erik"), s.Administrator(t), s.Unverified(t, "gerd")
		key := erik.CreateKey(t, "For the verified", "", "PROJECT")
		invitation := apptest.Vars{"id": erik.Invite(t, key.ID, gerd, "ADMIN")}
		before := contents(t, s)
		if out := gerd.Do(t, acceptIt, invitation); out.Code() != "EMAIL_NOT_VERIFIED" {
			t.Errorf("an unverified account accepts: %s", out.Body)
		}
		if out := gerd.Do(t, `query($id: ID!) { apiKey(id: $id) { name } }`, apptest.Vars{"id": key.ID}); out.Code() != "NOT_FOUND" {
			t.Errorf("the invited sees the key: %s", out.Body)
		}
		for who, a := range map[string]*apptest.Actor{"themself": gerd, "the inviter": erik} {
			if out := a.Do(t, setStatus, apptest.Vars{"id": gerd.ID, "verified": true}); out.Code() != "FORBIDDEN" && out.Code() != "NOT_FOUND" {
				t.Errorf("%s vouches for the address: %s", who, out.Body)
			}
		}
		if after := contents(t, s); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		admin.Must(t, setStatus, apptest.Vars{"id": gerd.ID, "verified": true})
		if out := gerd.Must(t, whoAmI, nil); out.At("viewer", "emailVerified") != true {
			t.Errorf("after the administrator vouched: %s", out.Body)
		}
		if got := gerd.Must(t, acceptIt, invitation).Text("acceptInvitation", "invitation", "status"); got != "ACCEPTED" {
			t.Errorf("the invitation is %s", got)
		}
	})
}

//keyhall:norace
func TestASuspendedAccountIsOutAtItsNextRequestAndComesBackWithANewSession(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		hugo, irma, admin := s.Actor(t, "hugo"), s.Actor(t, "irma"), s.Administrator(t)
		second, program := again(t, hugo), narrowed(t, hugo, "api_key.view")
		key := irma.CreateKey(t, "Irma's", "", "PROJECT")
		irma.Share(t, key.ID, hugo, "ADMIN")
		program.Must(t, countKeys, nil)

		admin.Must(t, setStatus, apptest.Vars{"id": hugo.ID, "suspended": true})
		isOut(t, "a session of a suspended account", hugo)
		isOut(t, "the other session", second)
		isOut(t, "a token of a suspended account", program)
		if n := s.Count(t, "sessions WHERE user_id = ?", hugo.ID); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		if out := s.Anonymous().Do(t, signIn, credentials(hugo.Username, apptest.Password)); out.Code() != "BAD_CREDENTIALS" {
			t.Errorf("a suspended account signs in: %s", out.Body)
		}
		admin.Must(t, setStatus, apptest.Vars{"id": hugo.ID, "suspended": true}) // once more changes nothing
		admin.Must(t, setStatus, apptest.Vars{"id": hugo.ID, "suspended": false})
		isOut(t, "a session that was ended", hugo)
		if back := again(t, hugo); back.Must(t, countKeys, nil).At("apiKeys", "totalCount") != 1.0 {
			t.Error("who was let back does not see their keys")
		}
	})
}

//keyhall:norace
func TestOnlyTheAdministratorSetsTheStatusOfAnAccountAndNobodyTheirOwnSuspension(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		jens, kira, admin := s.Actor(t, "jens"), s.Actor(t, "kira"), s.Administrator(t)
		s.JoinOrganization(t, jens.Home, kira, "READER") // jens owns an organization that kira is in: they see each other
		before := contents(t, s)
		const absent = "usr_01JCZ3V8Q4T2N6M0R5W7Y9B1DF"
		for name, vars := range map[string]apptest.Vars{
			"suspend":   {"suspended": true},
			"let back":  {"suspended": false},
			"verify":    {"verified": true},
			"unverify":  {"verified": false},
			"do both":   {"suspended": true, "verified": true},
			"change no": {},
		} {
			for who, a := range map[string]*apptest.Actor{"an account": jens, "their token": narrowed(t, jens, "instance.manage_users")} {
				seen := a.Do(t, setStatus, with(vars, "id", kira.ID))
				if code := seen.Code(); code != "FORBIDDEN" && code != "NOT_FOUND" && (len(vars) > 0 || code != "REQUIRED") {
					t.Errorf("%s can %s somebody: %s", who, name, seen.Body)
				}
				stranger, nobody := a.Do(t, setStatus, with(vars, "id", admin.ID)), a.Do(t, setStatus, with(vars, "id", absent))
				if sameBody(stranger) != sameBody(nobody) || stranger.Code() == "" {
					t.Errorf("%s learns who exists: %s %s", who, stranger.Body, nobody.Body)
				}
				if own := a.Do(t, setStatus, with(vars, "id", jens.ID)); own.Code() == "" || own.At("setUserStatus", "user") != nil {
					t.Errorf("%s can %s themself: %s", who, name, own.Body)
				}
			}
			if out := s.Anonymous().Do(t, setStatus, with(vars, "id", kira.ID)); out.Code() != "UNAUTHENTICATED" {
				t.Errorf("nobody can %s: %s", name, out.Body)
			}
		}
		out := admin.Do(t, setStatus, apptest.Vars{"id": admin.ID, "suspended": true})
		if out.Code() != "INVALID" {
			t.Errorf("the administrator suspends themself: %s", out.Body)
		}
		for _, id := range []string{absent, "x", "", "usr_", kira.Home, "usr_' OR 1=1 --"} {
			if out := admin.Do(t, setStatus, apptest.Vars{"id": id, "suspended": true}); out.Code() != "NOT_FOUND" {
				t.Errorf("suspending %q answers %s", id, out.Body)
			}
		}
		if before, after := withoutTokens(before), withoutTokens(contents(t, s)); after != before {
			t.Errorf("something was written:\n%s", difference(before, after))
		}
		admin.Must(t, whoAmI, nil)
	})
}

// withoutTokens leaves out the access tokens that a test made itself.
func withoutTokens(contents string) string {
	var out strings.Builder
	for line := range strings.Lines(contents) {
		if !strings.Contains(line, "'pat_") {
			out.WriteString(line)
		}
	}
	return strings.ReplaceAll(out.String(), "access_tokens:\n\n", "access_tokens:\n")
}

//keyhall:norace
func TestTheAdministratorHasNoRightToAValue(t *testing.T) { // T2
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		lars, admin := s.Actor(t, "lars"), s.Administrator(t)
		key := lars.CreateKey(t, "Private", "", "PROJECT")
		for _, query := range []string{`query($id: ID!) { apiKey(id: $id) { name } }`, `query($id: ID!) { node(id: $id) { id } }`, callKey,
			`mutation($id: ID!) { revealAPIKeySecret(input: {id: $id}) { secret errors { code } } }`, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`} {
			if out := admin.Do(t, query, apptest.Vars{"id": key.ID}); out.Code() != "NOT_FOUND" {
				t.Errorf("%s answers the administrator %s", query, out.Body)
			}
		}
		if out := admin.Must(t, countKeys, nil); out.At("apiKeys", "totalCount") != 0.0 {
			t.Errorf("the administrator sees %s", out.Body)
		}
	})
}
