package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// C6, C7: with 2,000 measured requests of each kind, and 16 who saturate.
func TestSoakAProjectThatIsUsedUpHoldsUpNoOther(t *testing.T) {
	soak(t)
	newFleet(t).isolates(t, 2000, 16)
}

// isolates measures requests of a project while nobody else asks, while others ask as fast as they can for a project that lets all pass,
// and while they do for one that has used up a rate and one that has used up its money. What saturates a project costs its neighbour no more
// than any other load of the machine, and not one refusal.
func (f *fleet) isolates(t *testing.T, requests, crowd int) {
	organization := f.organization(t)
	quiet, free := f.gateway(t, organization, nil), f.gateway(t, organization, nil)
	rated := f.gateway(t, organization, map[string]any{"rates": []rate{{5, 60}}})
	spent := f.gateway(t, organization, map[string]any{"spend": map[string]any{"amount": "0.01", "currency": "USD"}})
	rest := f.measure(t, quiet, requests, 0)
	busy := f.measure(t, quiet, requests, crowd, free)
	f.useUp(t, rated, spent)
	saturated := f.measure(t, quiet, requests, crowd, rated, spent)
	t.Logf("a request took %v at rest, %v while a project was busy, %v while two were used up", rest, busy, saturated)
	if free.refused.Load() > 0 {
		t.Errorf("a project without limits was refused %d times", free.refused.Load())
	}
	if saturated.half > 2*busy.half+5*time.Millisecond || saturated.most > 2*busy.most+100*time.Millisecond {
		t.Errorf("a request waits %v for a project that is used up, and %v for one that is not", saturated, busy)
	}
}

// gateway is a project with a key.
type gateway struct {
	verifier, key string
	refused       atomic.Int64
}

func (f *fleet) gateway(t *testing.T, organization string, limits map[string]any) *gateway {
	t.Helper()
	project, verifier := f.project(t, organization)
	key, err := f.issue(0, "ada", project)
	if err != nil {
		t.Fatal(err)
	}
	f.must(t, "ada", `mutation($p: ID!) { updateProject(input: {id: $p, unitPrice: {amount: "0.001", currency: "USD"}}) { errors { code } } }`, map[string]any{"p": project})
	if limits != nil {
		limits["targetId"] = project
		f.must(t, "ada", `mutation($in: UpdateLimitsInput!) { updateLimits(input: $in) { errors { code message } } }`, map[string]any{"in": limits})
	}
	return &gateway{verifier: verifier, key: key.Plaintext}
}

// useUp asks every server for some projects until each refuses them, which is soon.
func (f *fleet) useUp(t *testing.T, all ...*gateway) {
	t.Helper()
	for _, g := range all {
		for at := range f.members {
			left := 100
			for left > 0 && f.verify(at, g.verifier, g.key, 1).Code == "VALID" {
				left--
			}
			if left == 0 {
				t.Error("a project cannot be used up: this says nothing")
			}
		}
	}
}

// waits is what half of the requests take at most, and 99 of 100.
type waits struct{ half, most time.Duration }

func (w waits) String() string { return fmt.Sprintf("%v (99 of 100: %v)", w.half, w.most) }

// measure asks for one gateway, while a crowd asks for others without a pause.
func (f *fleet) measure(t *testing.T, quiet *gateway, requests, crowd int, others ...*gateway) waits {
	t.Helper()
	var over atomic.Bool
	var all sync.WaitGroup
	for i := range crowd {
		all.Go(func() {
			for n := i; !over.Load(); n++ {
				g := others[n%len(others)]
				if f.verify(n%len(f.members), g.verifier, g.key, 1).Code != "VALID" {
					g.refused.Add(1)
				}
			}
		})
	}
	took := make([]time.Duration, requests)
	for n := range took {
		v := f.verify(n%len(f.members), quiet.verifier, quiet.key, 1)
		if took[n] = v.ended.Sub(v.began); v.Code != "VALID" {
			t.Errorf("a request of the quiet project is answered %q", v.Code)
			break
		}
	}
	over.Store(true)
	all.Wait()
	slices.Sort(took)
	return waits{half: took[len(took)/2], most: took[len(took)*99/100]}
}
