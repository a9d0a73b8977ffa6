package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

// bar is how long after its acknowledgement a revocation may not have come through. It is not longer on a busy machine: whoever
// could not look at the database does not believe what it remembers.
const bar = time.Second

// Security 4.5, issue 5: people disable, rotate and delete keys at any of three processes, and lose their place in the project, while
// all are asked: no question that came a second after the acknowledgement is answered VALID, also while NOTIFY is cut.
func TestSoakNoKeyIsValidASecondAfterItWasRevoked(t *testing.T) {
	soak(t)
	newRevoking(t, newFleet(t)).run(t, 100_000, 8, 30)
}

// guests are whom ada, whose organization it is, lets into her project. Only they can be removed from it.
var guests = []string{"ben", "cleo", "dev"}

// revoking is people with a key each in a project.
type revoking struct {
	*fleet
	project, verifier string
	removals          atomic.Int64 // how many people may still be removed: each server lets nobody add members without end
	questions         atomic.Int64

	mu     sync.Mutex
	delays []time.Duration // from the acknowledgement of a revocation to the last question at a process that was answered VALID
}

func newRevoking(t *testing.T, f *fleet) *revoking {
	t.Helper()
	organization := f.organization(t)
	r := &revoking{fleet: f}
	r.removals.Store(150)
	r.project, r.verifier = f.project(t, organization)
	f.must(t, "ada", `mutation($o: ID!) { inviteToOrganization(input: {organizationId: $o, role: READER,
		emails: ["ben@demo.example", "cleo@demo.example", "dev@demo.example"]}) { errors { code } } }`, apptest.Vars{"o": organization})
	for _, who := range guests {
		mine := f.must(t, who, `{ viewer { invitations { nodes { id organization: targetName } } } }`, nil)
		f.must(t, who, `mutation($id: ID!) { acceptInvitation(input: {invitationId: $id}) { errors { code } } }`,
			apptest.Vars{"id": mine.Text("viewer", "invitations", "nodes", 0, "id")})
	}
	return r
}

// run has people do so many operations, in three parts: while notifications come, while two processes hear none, and after.
func (r *revoking) run(t *testing.T, operations, people, revokeEach int) {
	seed := seedOf(t)
	var all []*revoker
	for i := range people {
		p := &revoker{revoking: r, who: append(slices.Clone(guests), "ada")[min(i, len(guests))], dice: rand.New(rand.NewPCG(seed, uint64(i)))}
		all = append(all, p)
		if err := errors.Join(p.join(), p.renew()); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []struct {
		name string
		deaf bool
	}{{"notified", false}, {"with NOTIFY cut", true}, {"notified again", false}} {
		r.members[1].wire.Set(false, part.deaf) // what it would hear stays on the way
		r.members[2].wire.Set(false, part.deaf) // its connection breaks, and the next one hears nothing
		if broken := r.members[2].wire.BreakOff(false); broken == 0 {
			t.Error("no connection listens: this cuts nothing")
		}
		began := time.Now()
		var group sync.WaitGroup
		for _, p := range all {
			group.Go(func() {
				if err := p.work(operations/people/3, revokeEach); err != nil {
					t.Errorf("%s, %s: %v", part.name, p.who, err)
				}
			})
		}
		group.Wait()
		r.tell(t, part.name, time.Since(began))
		if t.Failed() {
			return
		}
	}
}

func (r *revoking) tell(t *testing.T, part string, took time.Duration) {
	t.Helper()
	d := r.delays
	r.delays = nil
	if len(d) == 0 {
		t.Errorf("%s: nothing was revoked", part)
		return
	}
	slices.Sort(d)
	t.Logf("%s: %d revocations seen at three processes in %v, %d questions: p50 %v, p99 %v, longest %v",
		part, len(d)/3, took.Round(time.Second), r.questions.Swap(0), d[len(d)/2], d[len(d)*99/100], d[len(d)-1])
}

// revoker is one person who changes their key, and asks about it and about those that they had.
type revoker struct {
	*revoking
	who    string
	place  string // of a guest, in the project
	key    apptest.Key
	graves []grave
	dice   *rand.Rand
}

// grave is a key that is over, and since when that was acknowledged.
type grave struct {
	key   string
	since time.Time
}

func (p *revoker) work(operations, revokeEach int) error {
	for n := range operations {
		var err error
		switch {
		case n%revokeEach == 0:
			err = p.revoke(n / revokeEach)
		case len(p.graves) > 0 && p.dice.IntN(4) == 0:
			g := p.graves[p.dice.IntN(len(p.graves))]
			err = p.late(p.asked(p.any(), g.key), g.since)
		default:
			err = p.until(p.any(), "VALID")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// revoke ends the key in one of the ways, has all processes learn it, and makes it good again.
func (p *revoker) revoke(n int) error {
	switch kind := n % 4; {
	case kind == 0:
		return p.change("DISABLED", p.deed("disableAPIKey(input: {id: $id})"), p.deed("enableAPIKey(input: {id: $id})"))
	case kind == 1:
		return p.change("EXPIRED", p.rotate, nil)
	case kind == 2 && p.who != "ada" && p.removals.Add(-1) >= 0:
		return p.change("OWNER_LOST_ACCESS", p.leave, p.join)
	case kind == 2:
		return p.change("EXPIRED", p.rotate, nil)
	default:
		return p.change("NOT_FOUND", p.deed("deleteAPIKey(input: {id: $id})"), p.renew)
	}
}

// change does a deed at any process and measures at each how long the key is still let through; back makes it good again.
func (p *revoker) change(want string, deed, back func() error) error {
	key := p.key.Plaintext
	if err := deed(); err != nil {
		return err
	}
	done := time.Now()
	var group sync.WaitGroup
	failed := make([]error, len(p.members))
	for at := range p.members {
		group.Go(func() { failed[at] = p.learns(at, key, want, done) })
	}
	group.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	if want == "EXPIRED" || want == "NOT_FOUND" {
		p.graves = append(p.graves[max(0, len(p.graves)-9):], grave{key, done})
	}
	if back != nil {
		if err := back(); err != nil {
			return err
		}
	}
	for at := range p.members {
		if err := p.until(at, "VALID"); err != nil {
			return err
		}
	}
	return nil
}

// learns asks a process until it answers as it should, and keeps how long it took.
func (p *revoker) learns(at int, key, want string, done time.Time) (err error) {
	last := time.Duration(0)
	every(2*time.Millisecond, func() bool {
		v := p.asked(at, key)
		if v.Code == "VALID" {
			last = v.began.Sub(done)
		}
		err = p.late(v, done)
		if err == nil && v.began.Sub(done) > 30*time.Second {
			err = fmt.Errorf("process %d does not answer %s after %v, but %q", at, want, v.began.Sub(done), v.Code)
		}
		return v.Code != want && err == nil
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delays = append(p.delays, last)
	return err
}

// late is the promise: it is broken by an answer to a question that came later than the bar.
func (p *revoker) late(v verdict, since time.Time) error {
	if v.Code == "VALID" && v.began.Sub(since) > bar {
		return fmt.Errorf("a key is VALID to a question %v after it was revoked", v.began.Sub(since))
	}
	return nil
}

// until asks about the key until it is answered so; what opens it again takes as long as what ends it.
func (p *revoker) until(at int, want string) (err error) {
	began := time.Now()
	every(2*time.Millisecond, func() bool {
		v := p.asked(at, p.key.Plaintext)
		if v.Code != want && v.Code != "" && v.began.Sub(began) > bar || v.began.Sub(began) > 30*time.Second {
			err = fmt.Errorf("process %d answers %q after %v, not %s", at, v.Code, v.began.Sub(began), want)
		}
		return v.Code != want && err == nil
	})
	return err
}

// any is the process that is asked next; the first one for who draws no lots.
func (p *revoker) any() int {
	if p.dice == nil {
		return 0
	}
	return p.dice.IntN(len(p.members))
}

func (p *revoker) asked(at int, key string) verdict {
	p.questions.Add(1)
	return p.verify(at, p.verifier, key, 1)
}

// deed is a change of the key, at any process.
func (p *revoker) deed(mutation string) func() error {
	return func() error {
		_, err := p.ask(p.any(), p.who, `mutation($id: ID!) { `+mutation+` { errors { code } } }`, apptest.Vars{"id": p.key.ID})
		return err
	}
}

func (p *revoker) rotate() error {
	out, err := p.ask(p.any(), p.who, `mutation($id: ID!) { rotateAPIKey(input: {id: $id, overlapSeconds: 0}) { apiKey { id } plaintext errors { code } } }`,
		apptest.Vars{"id": p.key.ID})
	p.key = apptest.Key{ID: out.Text("rotateAPIKey", "apiKey", "id"), Plaintext: out.Text("rotateAPIKey", "plaintext")}
	return err
}

func (p *revoker) renew() (err error) {
	p.key, err = p.issue(p.any(), p.who, p.project)
	return err
}

// join gives a guest their place in the project.
func (p *revoker) join() error {
	if p.who == "ada" {
		return nil
	}
	out, err := p.ask(p.any(), "ada", `mutation($p: ID!, $login: String!) { addProjectMember(input: {projectId: $p, grantee: {login: $login}, role: MEMBER}) {
		member { id } errors { code } } }`, apptest.Vars{"p": p.project, "login": p.who})
	p.place = out.Text("addProjectMember", "member", "id")
	return err
}

func (p *revoker) leave() error {
	_, err := p.ask(p.any(), "ada", `mutation($id: ID!) { removeProjectMember(input: {memberId: $id}) { errors { code } } }`, apptest.Vars{"id": p.place})
	return err
}
