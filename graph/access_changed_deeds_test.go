package graph_test

import (
	"slices"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
)

// soonEnough is far less than the time after which a quiet stream looks at its credential by itself.
const soonEnough = 15 * time.Second

// endsAtOnce waits for the end of a stream and fails when it was not told but found out by itself.
func endsAtOnce(t *testing.T, s *apptest.Stream, why string) {
	t.Helper()
	start := time.Now()
	completes(t, s, why)
	if took := time.Since(start); took > soonEnough {
		t.Errorf("%s: the stream ended after %v", why, took)
	}
}

// hearsOnlyOwn fails when anything but the next key of their own comes to somebody's stream.
func hearsOnlyOwn(t *testing.T, who *apptest.Actor, s *apptest.Stream) {
	t.Helper()
	own := who.CreateKey(t, "Own", "", "PERSONAL")
	if got := told(s.Next(t)); got != "GAINED "+own.ID+" Own ACTIVE OWNER" {
		t.Errorf("%s is told %s", who.Username, got)
	}
}

// A rotation tells everybody on the key of the old one and of the new one, with what they may do with each, and nobody else:
// not who was removed before it, not a stranger. The same for a key that got out, also when it was replaced already.
//
//keyhall:norace
func TestARotationReachesEveryStreamOnTheKey(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev"), s.Actor(t, "eve")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "ADMIN")
		ada.Share(t, key.ID, cleo, "CONTRIBUTOR")
		place := ada.Share(t, key.ID, dev, "ADMIN")
		ada.Must(t, `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`, apptest.Vars{"id": place})
		roles := map[*apptest.Actor]string{ada: "OWNER", ben: "ADMIN", cleo: "CONTRIBUTOR"}
		streams := map[*apptest.Actor]*apptest.Stream{}
		for _, who := range []*apptest.Actor{ada, ben, cleo, dev, eve} {
			streams[who] = listening(t, who)
		}
		hear := func(what string, want ...string) {
			t.Helper()
			for who, role := range roles {
				var got, all []string
				for _, line := range want {
					got, all = append(got, told(streams[who].Next(t))), append(all, line+" "+role)
				}
				slices.Sort(got)
				slices.Sort(all)
				if !slices.Equal(got, all) {
					t.Errorf("%s: %s is told %q, want %q", what, who.Username, got, all)
				}
			}
		}
		second := rotate(t, ben, key.ID, 3600)
		hear("rotated", "CHANGED "+key.ID+" Payments ROTATING", "GAINED "+second.ID+" Payments ACTIVE")
		ada.Must(t, exposeMutation, apptest.Vars{"id": key.ID, "reason": "It was in a log."})
		hear("exposed in its grace", "CHANGED "+key.ID+" Payments REVOKED")
		out := ben.Must(t, exposeMutation, apptest.Vars{"id": second.ID, "reason": "That one too."})
		third := out.Text("markAPIKeyExposed", "apiKey", "id")
		hear("exposed", "CHANGED "+second.ID+" Payments REVOKED", "GAINED "+third+" Payments ACTIVE")
		for _, who := range []*apptest.Actor{dev, eve, ada, ben, cleo} { // and nobody anything else
			hearsOnlyOwn(t, who, streams[who])
		}
	})
}

// T6: a changed password ends every other session's stream at once; the one that changed it and a program go on.
func TestAChangedPasswordEndsTheStreamsOfTheOtherSessions(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		vera, otto := s.Actor(t, "vera"), s.Actor(t, "otto")
		lost, program := again(t, vera), narrowed(t, vera)
		own, ended, machine, others := listening(t, vera), listening(t, lost), listening(t, program), listening(t, otto)
		vera.Must(t, changePassword, passwords(apptest.Password, nextPassword))
		endsAtOnce(t, ended, "another session changed the password")
		if again := lost.Stream(t, accessChanged, nil); again.Status != 401 {
			t.Errorf("the ended session opens a stream: %d", again.Status)
		}
		key := vera.CreateKey(t, "Own", "", "PERSONAL")
		for name, stream := range map[string]*apptest.Stream{"the session that asked": own, "a program": machine} {
			if got := told(stream.Next(t)); got != "GAINED "+key.ID+" Own ACTIVE OWNER" {
				t.Errorf("%s is told %s", name, got)
			}
		}
		hearsOnlyOwn(t, otto, others)
	})
}

// A reset ends every session's stream at once; programs go on, but where the address was not proven before: those may be
// somebody else's.
//
//keyhall:norace
func TestAResetPasswordEndsTheStreamsOfAllSessions(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		otto := s.Actor(t, "otto")
		others := listening(t, otto)
		for _, proven := range []bool{true, false} {
			vera := s.Unverified(t, "vera")
			s.SQL(t, "UPDATE users SET email_verified = ? WHERE id = ?", proven, vera.ID)
			program := narrowed(t, vera)
			one, two, machine := listening(t, vera), listening(t, again(t, vera)), listening(t, program)
			s.Anonymous().Must(t, `mutation($email: String!) { requestPasswordReset(input: {email: $email}) { errors { code } } }`, apptest.Vars{"email": vera.Email})
			link := box.Await(t, mail.ResetPassword, vera.Email, 1).Token
			s.Anonymous().Must(t, `mutation($token: String!, $next: String!) { resetPassword(input: {token: $token, newPassword: $next}) { errors { code } } }`,
				apptest.Vars{"token": link, "next": nextPassword})
			endsAtOnce(t, one, "the password was reset")
			endsAtOnce(t, two, "the password was reset")
			if proven {
				hearsOnlyOwn(t, program, machine)
			} else {
				endsAtOnce(t, machine, "the password of an unproven address was reset")
			}
		}
		hearsOnlyOwn(t, otto, others)
	})
}

// A suspension ends the streams of the account's sessions and programs at once, and nobody else's; its other changes end none.
//
//keyhall:norace
func TestASuspensionEndsTheStreamsOfTheAccount(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		root, hugo, irma := s.Administrator(t), s.Actor(t, "hugo"), s.Actor(t, "irma")
		key := irma.CreateKey(t, "Irma's", "", "PROJECT")
		irma.Share(t, key.ID, hugo, "ADMIN")
		program := narrowed(t, hugo)
		one, two, machine := listening(t, hugo), listening(t, again(t, hugo)), listening(t, program)
		hers, administrators := listening(t, irma), listening(t, root)
		root.Must(t, setStatus, apptest.Vars{"id": hugo.ID, "verified": false})
		own := hugo.CreateKey(t, "Own", "", "PERSONAL")
		for _, stream := range []*apptest.Stream{one, two, machine} {
			if got := told(stream.Next(t)); got != "GAINED "+own.ID+" Own ACTIVE OWNER" {
				t.Errorf("whose address is not verified any more is told %s", got)
			}
		}
		root.Must(t, setStatus, apptest.Vars{"id": hugo.ID, "suspended": true})
		for _, stream := range []*apptest.Stream{one, two, machine} {
			endsAtOnce(t, stream, "suspended")
		}
		for _, who := range []*apptest.Actor{hugo, program} {
			if again := who.Stream(t, accessChanged, nil); again.Status != 401 {
				t.Errorf("who is suspended opens a stream: %d", again.Status)
			}
		}
		irma.Must(t, `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": key.ID})
		if got := told(hers.Next(t)); got != "CHANGED "+key.ID+" Irma's DISABLED OWNER" {
			t.Errorf("the owner is told %s", got)
		}
		hearsOnlyOwn(t, root, administrators)
	})
}

// A deed that was undone is told to nobody: neither one that was refused, nor one under a key that is sent again.
//
//keyhall:norace
func TestADeedThatIsNotDoneIsNotTold(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Share(t, key.ID, ben, "CONTRIBUTOR")
		const rename = `mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "Renamed"}) { errors { code } } }`
		if out := ada.Once(t, rename, apptest.Vars{"id": key.ID}, "once"); out.Code() != "" {
			t.Fatalf("renamed: %s", out.Body)
		}
		hers, his := listening(t, ada), listening(t, ben)
		for deed, vars := range map[string]apptest.Vars{
			rename: {"id": key.ID}, rotateMutation: {"id": key.ID}, exposeMutation: {"id": key.ID, "reason": "r"},
		} {
			if out := ben.Do(t, deed, vars); out.Code() != "FORBIDDEN" {
				t.Errorf("a contributor: %s", out.Body)
			}
		}
		if out := ada.Do(t, rotateMutation, apptest.Vars{"id": key.ID, "overlap": -1}); out.Code() != "INVALID" {
			t.Errorf("an overlap of less than nothing: %s", out.Body)
		}
		ada.Once(t, rename, apptest.Vars{"id": key.ID}, "once")
		hearsOnlyOwn(t, ada, hers)
		hearsOnlyOwn(t, ben, his)
	})
}
