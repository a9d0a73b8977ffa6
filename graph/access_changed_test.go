package graph_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

const accessChanged = `subscription { accessChanged { kind resourceId resource { id ... on APIKey { name status viewerRole } } permissions } }`

// listening opens a stream and reads the first event, which sends the client to look at everything.
func listening(t *testing.T, who *apptest.Actor) *apptest.Stream {
	t.Helper()
	s := who.Stream(t, accessChanged, nil)
	if got := told(s.Next(t)); got != "RESYNC" {
		t.Fatalf("the first event is %s", got)
	}
	return s
}

// told is an event in one line.
func told(a apptest.Answer) string {
	if len(a.Errors) > 0 {
		return a.Body
	}
	out := []string{a.Text("accessChanged", "kind")}
	for _, part := range []string{a.Text("accessChanged", "resourceId"), a.Text("accessChanged", "resource", "name"),
		a.Text("accessChanged", "resource", "status"), a.Text("accessChanged", "resource", "viewerRole")} {
		if part != "" {
			out = append(out, part)
		}
	}
	return strings.Join(out, " ")
}

func may(a apptest.Answer, permission string) bool {
	list, _ := a.At("accessChanged", "permissions").([]any)
	for _, p := range list {
		if p == permission {
			return true
		}
	}
	return false
}

func completes(t *testing.T, s *apptest.Stream, why string) {
	t.Helper()
	if name, out := s.Event(t); name != "complete" {
		t.Errorf("%s: the stream says %q %s, want complete", why, name, out.Body)
	}
	if name, out := s.Event(t); name != "end" {
		t.Errorf("%s: after complete comes %q %s", why, name, out.Body)
	}
}

// waitFor looks until something that happens by itself has happened.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("it never came: %s", what)
		}
	}
}

// A13, A14: each change of somebody's access reaches their open stream at once, with what they may do now.
func TestAStreamTellsWhatOnesAccessIsNow(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		hers, his := listening(t, ada), listening(t, ben)
		is := func(stream *apptest.Stream, want string, may_, mayNot string) {
			t.Helper()
			a := stream.Next(t)
			if got := told(a); got != want {
				t.Errorf("told %s, want %s", got, want)
			}
			if may_ != "" && !may(a, may_) || mayNot != "" && may(a, mayNot) {
				t.Errorf("%s: may %v", want, a.At("accessChanged", "permissions"))
			}
		}
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		is(hers, "GAINED "+key.ID+" Payments ACTIVE OWNER", "api_key.delete", "")
		place := ada.Share(t, key.ID, ben, "CONTRIBUTOR")
		is(his, "GAINED "+key.ID+" Payments ACTIVE CONTRIBUTOR", "api_key.view_stats", "api_key.rename")
		ada.Must(t, `mutation($id: ID!) { updateCollaboratorRole(input: {collaboratorId: $id, role: ADMIN}) { errors { code } } }`, apptest.Vars{"id": place})
		is(his, "CHANGED "+key.ID+" Payments ACTIVE ADMIN", "api_key.rename", "api_key.delete")
		ada.Must(t, `mutation($id: ID!) { updateCollaboratorRole(input: {collaboratorId: $id, role: CONTRIBUTOR}) { errors { code } } }`, apptest.Vars{"id": place})
		is(his, "CHANGED "+key.ID+" Payments ACTIVE CONTRIBUTOR", "api_key.view_stats", "api_key.rename")
		ada.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID})
		is(hers, "CHANGED "+key.ID+" Payments DISABLED OWNER", "", "")
		is(his, "CHANGED "+key.ID+" Payments DISABLED CONTRIBUTOR", "", "")
		ada.Must(t, `mutation($id: ID!) { enableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID})
		is(hers, "CHANGED "+key.ID+" Payments ACTIVE OWNER", "", "")
		is(his, "CHANGED "+key.ID+" Payments ACTIVE CONTRIBUTOR", "", "")
		ben.Must(t, `mutation($id: ID!) { leaveAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID})
		is(his, "LOST "+key.ID, "", "api_key.view")
		ada.Share(t, key.ID, ben, "ADMIN")
		is(his, "GAINED "+key.ID+" Payments ACTIVE ADMIN", "", "")
		ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID})
		is(hers, "LOST "+key.ID, "", "api_key.view")
		is(his, "LOST "+key.ID, "", "api_key.view")
	})
}

// A13: who is removed hears that, and then nothing of the key any more, whatever happens to it.
//
//keyhall:norace
func TestARemovedCollaboratorsStreamNeverNamesTheKeyAgain(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "eve")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		place := ada.Share(t, key.ID, ben, "ADMIN")
		stream, others := listening(t, ben), listening(t, eve)
		ada.Must(t, `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`, apptest.Vars{"id": place})
		a := stream.Next(t)
		if told(a) != "LOST "+key.ID || a.At("accessChanged", "resource") != nil || may(a, "api_key.view") {
			t.Errorf("told %s", a.Body)
		}
		for _, deed := range []string{
			`updateAPIKey(input: {id: $id, name: "Elsewhere"})`, `disableAPIKey(input: {id: $id})`, `enableAPIKey(input: {id: $id})`, `deleteAPIKey(input: {id: $id})`,
		} {
			ada.Must(t, `mutation($id: ID!) { `+deed+` { errors { code } } }`, apptest.Vars{"id": key.ID})
		}
		for _, x := range []struct {
			who    *apptest.Actor
			stream *apptest.Stream
		}{{ben, stream}, {eve, others}} { // what comes next is something of their own
			own := x.who.CreateKey(t, "Own", "", "PERSONAL")
			if got := told(x.stream.Next(t)); got != "GAINED "+own.ID+" Own ACTIVE OWNER" {
				t.Errorf("%s is told %s", x.who.Username, got)
			}
		}
	})
}

// Who reaches a key through its project or organization is told of it too, and nobody who only stands near a personal key.
//
//keyhall:norace
func TestAStreamTellsWhoeverThePolicyShowsTheKey(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, hal, ida, gus, ghost := s.Actor(t, "ada"), s.Actor(t, "hal"), s.Actor(t, "ida"), s.Actor(t, "gus"), s.Actor(t, "ghost")
		s.JoinOrganization(t, ada.Home, hal, "READER")
		s.JoinProject(t, ada.Project, hal, "MEMBER")
		s.JoinOrganization(t, ada.Home, ida, "OWNER")
		s.JoinOrganization(t, ada.Home, gus, "READER")
		s.JoinProject(t, ada.Project, ghost, "MEMBER") // not in the organization any more: the law does not count them
		streams := map[*apptest.Actor]*apptest.Stream{}
		for _, who := range []*apptest.Actor{hal, ida, gus, ghost} {
			streams[who] = listening(t, who)
		}
		personal := ada.CreateKey(t, "Private", "", "PERSONAL")
		ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": personal.ID})
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID})
		for _, who := range []*apptest.Actor{hal, ida} {
			got := told(streams[who].Next(t))
			if strings.HasPrefix(got, "GAINED "+key.ID) { // or it was gone before they looked
				got = told(streams[who].Next(t))
			}
			if got != "LOST "+key.ID {
				t.Errorf("%s is told %s", who.Username, got)
			}
		}
		for _, who := range []*apptest.Actor{gus, ghost} {
			own := who.CreateKey(t, "Own", "", "PERSONAL")
			if got := told(streams[who].Next(t)); got != "GAINED "+own.ID+" Own ACTIVE OWNER" {
				t.Errorf("%s is told %s", who.Username, got)
			}
		}
	})
}

// A13: a stream ends with what it was opened with, at once, and with nothing else of the same account.
func TestAStreamEndsWithItsSessionOrToken(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		root, ben := s.Administrator(t), s.Actor(t, "ben")
		other := *ben // the same person in another browser
		other.SignIn(t)
		out := ben.Must(t, `mutation { createAccessToken(input: {name: "program"}) { accessToken { id } plaintext errors { code } } }`, nil)
		program := ben.WithToken(out.Text("createAccessToken", "plaintext"))
		first, second, third := listening(t, ben), listening(t, &other), listening(t, program)

		ben.Must(t, `mutation { signOut { errors { code } } }`, nil)
		completes(t, first, "signed out")
		other.Must(t, `mutation($id: ID!) { revokeAccessToken(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": out.Text("createAccessToken", "accessToken", "id")})
		completes(t, third, "its token is revoked")
		key := other.CreateKey(t, "Own", "", "PERSONAL")
		if got := told(second.Next(t)); got != "GAINED "+key.ID+" Own ACTIVE OWNER" {
			t.Errorf("the session that goes on is told %s", got)
		}
		root.Must(t, `mutation($id: ID!) { setUserStatus(input: {userId: $id, suspended: true}) { errors { code } } }`, apptest.Vars{"id": ben.ID})
		completes(t, second, "suspended")
		if again := other.Stream(t, accessChanged, nil); again.Status != 401 {
			t.Errorf("who is suspended opens a stream: %d", again.Status)
		}
	})
}

// The database's clock ends a session, also of a stream that nothing happens on; and a session that is gone from the table,
// by whatever way, shows nothing more.
//
//keyhall:norace
func TestAStreamEndsWhenItsSessionExpires(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.SQL(t, "UPDATE sessions SET expires_at = ? WHERE user_id = ?", time.Now().Add(1500*time.Millisecond).UnixMicro(), ada.ID)
		hers, start := listening(t, ada), time.Now()
		completes(t, hers, "expired")
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		his := listening(t, ben)
		s.SQL(t, "DELETE FROM sessions WHERE user_id = ?", ben.ID) // nobody is told of this
		other := *ben
		other.SignIn(t)
		other.CreateKey(t, "Own", "", "PERSONAL")
		completes(t, his, "its session is gone")
	})
}

// A narrowed token's stream is as narrow: without api_key.view it never hears of a key.
//
//keyhall:norace
func TestANarrowedTokensStreamIsAsNarrow(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		token := func(permissions string) *apptest.Actor {
			out := ada.Must(t, `mutation { createAccessToken(input: {name: "t", permissions: [`+permissions+`]}) { plaintext errors { code } } }`, nil)
			return ada.WithToken(out.Text("createAccessToken", "plaintext"))
		}
		views, nothing := listening(t, token(`"api_key.view", "api_key.rename"`)), listening(t, token(`"api_key.delete"`))
		key := ada.CreateKey(t, "Payments", "", "PERSONAL")
		a := views.Next(t)
		if list, _ := a.At("accessChanged", "permissions").([]any); len(list) != 2 || !may(a, "api_key.view") || !may(a, "api_key.rename") {
			t.Errorf("told %s", a.Body)
		}
		ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID})
		if got := told(views.Next(t)); got != "LOST "+key.ID {
			t.Errorf("told %s", got)
		}
		if !nothing.Quiet() {
			_, out := nothing.Event(t)
			t.Errorf("a token without api_key.view is told %s", out.Body)
		}
	})
}

//keyhall:norace
func TestAStreamNeedsAnAccountAndOneField(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		for _, c := range []struct {
			name, query string
			who         *apptest.Actor
			status      int
			code        string
		}{
			{"nobody", accessChanged, s.Anonymous(), 401, "UNAUTHENTICATED"},
			{"two fields", `subscription { a: accessChanged { kind } b: accessChanged { kind } }`, ada, 400, "BAD_USER_INPUT"},
			{"only __typename", `subscription { __typename }`, ada, 400, "GRAPHQL_VALIDATION_FAILED"},
			{"no field in the end", `subscription { accessChanged @skip(if: true) { kind } }`, ada, 400, "BAD_USER_INPUT"},
			{"an unknown field", `subscription { everything { kind } }`, ada, 400, "GRAPHQL_VALIDATION_FAILED"},
			{"too deep", `subscription { accessChanged { resource { ... on APIKey { project { organization { ` + strings.Repeat("projects { nodes { organization { ", 5) + "id" + strings.Repeat(" } } }", 5) + ` } } } } } }`, ada, 400, "OPERATION_TOO_LARGE"},
			{"too costly", `subscription { accessChanged { resource { ... on APIKey { project { apiKeys(first: 100) { nodes { collaborators(first: 100) { nodes { id } } invitations(first: 100) { nodes { id } } } } } } } } }`, ada, 400, "OPERATION_TOO_LARGE"},
		} {
			stream := c.who.Stream(t, c.query, nil)
			_, out := stream.Event(t)
			if stream.Status != c.status || out.Code() != c.code || !strings.HasPrefix(stream.Header.Get("Content-Type"), "application/json") {
				t.Errorf("%s: %d %s %s", c.name, stream.Status, stream.Header.Get("Content-Type"), out.Body)
			}
		}
	})
}

func TestAnAccountHasSoManyStreamsAndNoMore(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, eve := s.Actor(t, "ada"), s.Actor(t, "eve")
		var open []*apptest.Stream
		for range 20 {
			open = append(open, listening(t, ada))
		}
		full := ada.Stream(t, accessChanged, nil)
		if _, out := full.Event(t); full.Status != 429 || out.Code() != "RATE_LIMITED" {
			t.Errorf("one more: %d %s", full.Status, out.Body)
		}
		listening(t, eve)
		open[7].Close()
		waitFor(t, "the seat is free again", func() bool {
			again := ada.Stream(t, accessChanged, nil)
			return again.Status == 200
		})
	})
}

// Whoever goes leaves nothing behind.
func TestStreamsThatCloseLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		var streams []*apptest.Stream
		for i := range 4 {
			who := s.Actor(t, fmt.Sprint("reader", i))
			for range 16 {
				streams = append(streams, listening(t, who))
			}
			who.CreateKey(t, "Own", "", "PERSONAL")
		}
		if n := s.App.News.Listeners(); n != 64 {
			t.Errorf("%d listeners", n)
		}
		for _, stream := range streams {
			stream.Close()
		}
		waitFor(t, "nobody listens", func() bool { return s.App.News.Listeners() == 0 })
	})
}

// A server that stops ends its streams without "complete", so that clients come back to the next one.
func TestAServerThatStopsLetsStreamsGo(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		stream := listening(t, s.Actor(t, "ada"))
		s.App.HangUp()
		if name, out := stream.Event(t); name != "end" {
			t.Errorf("the stream says %q %s", name, out.Body)
		}
		waitFor(t, "nobody listens", func() bool { return s.App.News.Listeners() == 0 })
	})
}

// What went wrong inside one event says where, like in any answer.
//
//keyhall:norace
func TestAnErrorInAnEventNamesItsPlace(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		stream := ben.Stream(t, `subscription { mine: accessChanged { kind resource { id ... on APIKey { collaborators { totalCount } } } } }`, nil)
		stream.Next(t)
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "CONTRIBUTOR")
		a := stream.Next(t)
		if a.Code() != "FORBIDDEN" || fmt.Sprint(a.Errors[0].Path) != "[mine resource collaborators]" || a.Text("mine", "kind") != "GAINED" {
			t.Errorf("told %s", a.Body)
		}
	})
}
