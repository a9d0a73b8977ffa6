package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/keyhall/keyhall/internal/apptest"
)

// What the clients of the race ask for, and what one of them was answered.
const (
	askReveal = iota
	askShare
	askUnshare
	askAdd
	askRemove
)

// racedPeople share the clients of the race between them. The check of a history looks at one person at a time, and takes
// exponential time by how many requests about them are under way at once.
const racedPeople = 12

type askSecret struct{ what, person int }

type gotSecret struct {
	done  bool // a value was shown, or a way was given or taken
	known bool // it was not done because there is a way already
}

// ways is what a person has on the one secret.
type ways struct{ direct, member bool }

// secretModel is the promise, a person at a time: a value is shown exactly to who has a way at some moment between the
// request and its answer.
func secretModel() porcupine.Model {
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			by := map[int][]porcupine.Operation{}
			for _, op := range history {
				by[op.Input.(askSecret).person] = append(by[op.Input.(askSecret).person], op)
			}
			var out [][]porcupine.Operation
			for _, ops := range by {
				out = append(out, ops)
			}
			return out
		},
		Init: func() any { return ways{} },
		Step: func(state, input, output any) (bool, any) {
			w, got := state.(ways), output.(gotSecret)
			switch input.(askSecret).what {
			case askReveal:
				return got.done == (w.direct || w.member), w
			case askShare:
				return true, ways{true, w.member}
			case askUnshare:
				if got.done {
					return w.direct, ways{false, w.member}
				}
			case askAdd:
				if got.known {
					return w.member, w
				}
				return !w.member, ways{w.direct, true}
			case askRemove:
				if got.done {
					return w.member, ways{w.direct, false}
				}
			}
			return true, w // the row that was to go had gone already
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
	}
}

// 64 clients give and take ways and reveal at once. The history is one that could have happened one by one: no value is shown
// after its last way was taken and that was acknowledged, and nobody is refused who has one.
func TestRevokeAgainstReveal(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		seed := raceSeed(t)
		r := newSecretRace(t, s)
		var all sync.WaitGroup
		for i := range racers {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			all.Go(func() {
				for range raceOps {
					r.step(t, i, random)
				}
			})
		}
		all.Wait()
		if ok := porcupine.CheckOperations(secretModel(), r.history); !ok {
			t.Errorf("%d requests, and no order explains their answers", len(r.history))
		}
		shown := 0
		for _, op := range r.history {
			if op.Input.(askSecret).what == askReveal && op.Output.(gotSecret).done {
				shown++
			}
		}
		t.Logf("%d requests, %d values shown", len(r.history), shown)
		if reveals := s.Count(t, "audit_events WHERE type = 'secret.revealed'"); reveals != shown {
			t.Errorf("%d values were shown, and %d rows tell of one", shown, reveals)
		}
		if shown < 20 {
			t.Errorf("only %d values were shown: this race proves little", shown)
		}
	})
}

type secretRace struct {
	*apptest.Server
	ada        *apptest.Actor
	people     []*apptest.Actor
	id, group  string
	began      time.Time
	mu         sync.Mutex
	history    []porcupine.Operation
	grants     map[int]string // the last one that was seen, by person
	membership map[int]string
}

func newSecretRace(t *testing.T, s *apptest.Server) *secretRace {
	t.Helper()
	r := &secretRace{Server: s, ada: s.Actor(t, "ada"), began: time.Now(), grants: map[int]string{}, membership: map[int]string{}}
	for i := range racedPeople {
		r.people = append(r.people, s.Actor(t, fmt.Sprintf("person%c", 'a'+i)))
	}
	r.id, r.group = r.ada.AddSecret(t, "contested", "value"), r.ada.MakeGroup(t, "contested", s.Actor(t, "other"))
	r.ada.ShareSecret(t, r.id, apptest.Vars{"groupId": r.group}, nil)
	return r
}

// step is one request: half of the clients reveal, the others give and take.
func (r *secretRace) step(t *testing.T, client int, random *rand.Rand) {
	ask := askSecret{askReveal, random.IntN(len(r.people))}
	if client%2 == 0 {
		ask.what = askShare + random.IntN(4)
	}
	person := r.people[ask.person]
	r.mu.Lock()
	grant, membership := r.grants[ask.person], r.membership[ask.person]
	r.mu.Unlock()
	if ask.what == askUnshare && grant == "" || ask.what == askRemove && membership == "" {
		return
	}
	call := time.Since(r.began)
	var out apptest.Answer
	switch ask.what {
	case askReveal:
		out = person.Do(t, `mutation($id: ID!) { revealSecret(input: {id: $id, purpose: SHOW}) { clientSecret errors { code } } }`, apptest.Vars{"id": r.id})
	case askShare:
		out = r.ada.Do(t, `mutation($id: ID!, $login: String!) { shareSecrets(input: {secretIds: [$id], grants: [{grantee: {login: $login}}]}) { errors { code } } }`,
			apptest.Vars{"id": r.id, "login": person.Username})
	case askUnshare:
		out = r.ada.Do(t, `mutation($id: ID!, $grant: ID!) { unshareSecret(input: {secretId: $id, grantIds: [$grant]}) { errors { code } } }`, apptest.Vars{"id": r.id, "grant": grant})
	case askAdd:
		out = r.ada.Do(t, `mutation($id: ID!, $login: String!) { addGroupMembers(input: {groupId: $id, members: [{login: $login}]}) { errors { code } } }`,
			apptest.Vars{"id": r.group, "login": person.Username})
	case askRemove:
		out = r.ada.Do(t, `mutation($id: ID!) { removeGroupMember(input: {memberId: $id}) { errors { code } } }`, apptest.Vars{"id": membership})
	}
	end := time.Since(r.began)
	allowed := []string{"", "NOT_FOUND", "ALREADY_MEMBER"}
	if ask.what == askReveal { // no way when it was decided, and one when it was looked whether they see the secret at all
		allowed = []string{"", "NOT_FOUND", "FORBIDDEN"}
	}
	if !slices.Contains(allowed, out.Code()) {
		t.Errorf("%+v ended in %s", ask, out.Body)
	}
	got := gotSecret{done: out.Code() == "", known: out.Code() == "ALREADY_MEMBER"}
	r.mu.Lock()
	r.history = append(r.history, porcupine.Operation{ClientId: client, Input: ask, Call: int64(call), Output: got, Return: int64(end)})
	r.mu.Unlock()
	r.remember(t, ask)
}

// remember finds what can be taken back.
func (r *secretRace) remember(t *testing.T, ask askSecret) {
	var into map[int]string
	var query, of string
	switch ask.what {
	case askShare:
		into, query, of = r.grants, "SELECT COALESCE(MAX(id), '') FROM secret_grants WHERE user_id = ? AND secret_id = ?", r.id
	case askAdd:
		into, query, of = r.membership, "SELECT COALESCE(MAX(id), '') FROM group_members WHERE user_id = ? AND group_id = ?", r.group
	default:
		return
	}
	id := textOf(t, r.Server, query, r.people[ask.person].ID, of)
	r.mu.Lock()
	defer r.mu.Unlock()
	into[ask.person] = id
}
