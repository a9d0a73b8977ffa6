package graph_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

const (
	racers   = 64
	raceOps  = 12 // of each
	raceTeam = 12 // admins to begin with
)

// 64 clients demote, promote, remove and act at once; the audit log, read in its order by an independent model, shows no
// deed after its right was lost, and no request that began after the loss was acknowledged succeeded (A13, A14).
func TestNoDeedComesAfterTheLossOfItsRight(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		seed := raceSeed(t)
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "contested", "", "PROJECT")
		r := &race{key: key.ID, lost: map[string]time.Time{}}
		for i := range raceTeam {
			a := s.Actor(t, fmt.Sprintf("admin%c", 'a'+i))
			r.team = append(r.team, member{a, ada.Share(t, key.ID, a, "ADMIN")})
		}
		var all sync.WaitGroup
		for i := range racers {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			all.Go(func() {
				for range raceOps {
					r.step(t, ada, random)
				}
			})
		}
		all.Wait()
		r.replay(t, s, ada)
	})
}

func raceSeed(t *testing.T) uint64 {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("KEYHALL_SEED"); text != "" {
		parsed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = parsed
	}
	t.Logf("KEYHALL_SEED=%d", seed)
	return seed
}

type member struct {
	*apptest.Actor
	place string
}

type race struct {
	key  string
	team []member

	mu   sync.Mutex
	lost map[string]time.Time // who was removed for good, and when that was acknowledged
}

// step is one request of somebody: a manager changes a role or removes, a member renames.
func (r *race) step(t *testing.T, ada *apptest.Actor, random *rand.Rand) {
	victim := r.team[random.IntN(len(r.team))]
	by := ada
	if random.IntN(3) > 0 {
		by = r.team[random.IntN(len(r.team))].Actor
	}
	switch n := random.IntN(60); {
	case n == 0:
		const remove = `mutation($id: ID!) { removeCollaborator(input: {collaboratorId: $id}) { errors { code } } }`
		if by.Do(t, remove, apptest.Vars{"id": victim.place}).Code() == "" {
			r.mu.Lock()
			r.lost[victim.ID] = time.Now()
			r.mu.Unlock()
		}
	case n < 20:
		role := []string{"ADMIN", "CONTRIBUTOR"}[random.IntN(2)]
		by.Do(t, `mutation($id: ID!, $role: InvitableRole!) { updateCollaboratorRole(input: {collaboratorId: $id, role: $role}) { errors { code } } }`,
			apptest.Vars{"id": victim.place, "role": role})
	default:
		began := time.Now()
		out := victim.Do(t, `mutation($id: ID!, $name: String!) { updateAPIKey(input: {id: $id, name: $name}) { errors { code } } }`,
			apptest.Vars{"id": r.key, "name": fmt.Sprint("name ", random.Uint32())})
		r.mu.Lock()
		lost, gone := r.lost[victim.ID]
		r.mu.Unlock()
		if out.Code() == "" && gone && began.After(lost) {
			t.Errorf("%s renamed the key after their removal was acknowledged", victim.Username)
		}
		switch out.Code() {
		case "", "FORBIDDEN", "NOT_FOUND", "TIMEOUT": // of the last, on a busy machine, the trail says what became
		default:
			t.Errorf("a rename ended so: %s", out.Body)
		}
	}
}

// replay reads the deeds in their order and holds each against a model of who is what.
func (r *race) replay(t *testing.T, s *apptest.Server, ada *apptest.Actor) {
	t.Helper()
	events := ada.Must(t, `query($org: ID!, $key: ID!) {
		auditEvents(organizationId: $org, first: 100, filter: {resourceIds: [$key], outcome: DONE}) { totalCount } }`,
		apptest.Vars{"org": ada.Home, "key": r.key})
	role := map[string]string{ada.ID: "OWNER"}
	deeds := 0
	for _, e := range s.AuditTrail(t, r.key) {
		switch who := role[e.Actor]; e.Type {
		case "api_key.updated":
			deeds++
			if who != "OWNER" && who != "ADMIN" {
				t.Errorf("event %d: a %q renamed the key", e.Number, who)
			}
		case "collaborator.role_updated", "collaborator.removed":
			deeds++
			if who != "OWNER" && who != "ADMIN" {
				t.Errorf("event %d: a %q did %s", e.Number, who, e.Type)
			}
			role[e.Change("collaborator")] = e.Change("role")
		case "invite.accepted":
			role[e.Actor] = e.Change("role")
		}
	}
	total, _ := events.At("auditEvents", "totalCount").(float64)
	t.Logf("%d deeds in %d events", deeds, int(total))
	if deeds < racers {
		t.Errorf("only %d deeds: this race proves little", deeds)
	}
}
