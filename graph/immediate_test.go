package graph_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// loss is something that is taken from ben while he uses it.
type loss struct {
	name  string
	ask   string                             // what he asks all the time, of the key
	face  func(apptest.Answer) string        // what he gets, in a word
	until string                             // what he gets before
	then  string                             // what he gets from the very next request on
	take  func(e *takeaway, t *testing.T)    // by somebody else
	lane  func(e *takeaway) []*apptest.Actor // who asks
}

type takeaway struct {
	ada, ben, root *apptest.Actor
	second         *apptest.Server
	key            apptest.Vars
	place, token   apptest.Vars
	program        *apptest.Actor
}

// everywhere is ben in a session and by a token, here and at another process of the installation.
func everywhere(e *takeaway) []*apptest.Actor {
	return []*apptest.Actor{e.ben, e.program, e.ben.At(e.second.URL), e.program.At(e.second.URL)}
}

func programs(e *takeaway) []*apptest.Actor {
	return []*apptest.Actor{e.program, e.program.At(e.second.URL)}
}

func losses() []loss {
	const (
		look   = `query($id: ID!) { apiKey(id: $id) { status viewerRole } }`
		rename = `mutation($id: ID!) { updateAPIKey(input: {id: $id, name: "Renamed"}) { errors { code } } }`
		reveal = `mutation($id: ID!) { revealAPIKeySecret(input: {id: $id, reason: "work"}) { secret errors { code } } }`
	)
	code := func(out apptest.Answer) string { return out.Code() }
	part := func(field string) func(apptest.Answer) string {
		return func(out apptest.Answer) string { return out.Code() + out.Text("apiKey", field) }
	}
	must := func(deed string, of func(*takeaway) (*apptest.Actor, apptest.Vars)) func(*takeaway, *testing.T) {
		return func(e *takeaway, t *testing.T) {
			who, vars := of(e)
			who.Must(t, deed, vars)
		}
	}
	adas := func(vars func(*takeaway) apptest.Vars) func(*takeaway) (*apptest.Actor, apptest.Vars) {
		return func(e *takeaway) (*apptest.Actor, apptest.Vars) { return e.ada, vars(e) }
	}
	place, key := func(e *takeaway) apptest.Vars { return e.place }, func(e *takeaway) apptest.Vars { return e.key }
	const (
		remove  = `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`
		demote  = `mutation($id: ID!) { updateCollaboratorRole(input: {collaboratorId: $id, role: CONTRIBUTOR}) { errors { code } } }`
		disable = `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`
	)
	return []loss{
		{"removed, who reveals", reveal, code, "", "NOT_FOUND", must(remove, adas(place)), everywhere},
		{"removed, who looks", look, part("viewerRole"), "ADMIN", "NOT_FOUND", must(remove, adas(place)), everywhere},
		{"demoted, who renames", rename, code, "", "FORBIDDEN", must(demote, adas(place)), everywhere},
		{"demoted, who looks", look, part("viewerRole"), "ADMIN", "CONTRIBUTOR", must(demote, adas(place)), everywhere},
		{"the key is disabled", look, part("status"), "ACTIVE", "DISABLED", must(disable, adas(key)), everywhere},
		{"suspended, who reveals", reveal, code, "", "UNAUTHENTICATED", must(setStatus, func(e *takeaway) (*apptest.Actor, apptest.Vars) {
			return e.root, apptest.Vars{"id": e.ben.ID, "suspended": true}
		}), everywhere},
		{"suspended, who looks", look, part("viewerRole"), "ADMIN", "UNAUTHENTICATED", must(setStatus, func(e *takeaway) (*apptest.Actor, apptest.Vars) {
			return e.root, apptest.Vars{"id": e.ben.ID, "suspended": true}
		}), everywhere},
		{"the token is revoked", look, part("viewerRole"), "ADMIN", "UNAUTHENTICATED", must(revokeToken, func(e *takeaway) (*apptest.Actor, apptest.Vars) {
			return e.ben, e.token
		}), programs},
	}
}

// A13, A14: a removal, another role, a disabled key, a suspension and a revoked token hold from the very next request on, for
// a session and an access token that are in use by many requests at that moment, here and at a second process on the same
// database. Nothing that began after the deed was acknowledged gets what was before.
func TestALossHoldsFromTheVeryNextRequest(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		second := s.Beside(t)
		root := s.Administrator(t)
		for _, l := range losses() {
			e := &takeaway{ada: s.Actor(t, "ada"), ben: s.Actor(t, "ben"), root: root, second: second}
			key := e.ada.CreateKey(t, "Payments", "", "PROJECT")
			e.key = apptest.Vars{"id": key.ID}
			e.place = apptest.Vars{"id": e.ada.Share(t, key.ID, e.ben, "ADMIN")}
			made := e.ben.Must(t, createToken, apptest.Vars{"name": "program"})
			e.token = apptest.Vars{"id": made.Text("createAccessToken", "accessToken", "id")}
			e.program = e.ben.WithToken(made.Text("createAccessToken", "plaintext"))
			l.race(t, e)
		}
	})
}

func (l loss) race(t *testing.T, e *takeaway) {
	t.Helper()
	var taken atomic.Bool
	var before atomic.Int32
	var all sync.WaitGroup
	lanes := l.lane(e)
	for _, who := range lanes {
		all.Go(func() {
			for after := 0; after < 3; { // and three more when it is taken
				late := taken.Load()
				got := l.face(who.Do(t, l.ask, e.key))
				switch {
				case late && got != l.then:
					t.Errorf("%s: a request that began afterwards gets %q", l.name, got)
				case got == "INTERNAL": // who is in the middle of it may get this or that
					t.Errorf("%s: a request in the middle gets %q", l.name, got)
				case got == l.until:
					before.Add(1)
				}
				if late {
					after++
				}
			}
		})
	}
	waitFor(t, "it is in use", func() bool { return before.Load() >= int32(len(lanes)) })
	l.take(e, t)
	taken.Store(true)
	all.Wait()
}
