package authn

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// What is done after an answer is done one by one and in its order, and only so much of it waits.
func TestErrandsAreDoneInTheirOrderAndOnlySoManyWait(t *testing.T) {
	t.Parallel()
	var e errands
	if err := e.settle(t.Context()); err != nil {
		t.Errorf("before the first: %v", err)
	}
	for round := range 2 {
		release, began := make(chan struct{}), make(chan struct{})
		var want, done []int // by one runner: the race detector would tell of two
		e.add(func() { close(began); <-release })
		<-began
		for i := range maxErrands - 1 {
			want = append(want, i)
			if !e.add(func() { done = append(done, i) }) {
				t.Fatalf("round %d: number %d is refused", round, i)
			}
		}
		if e.add(func() { t.Error("what was refused is done") }) {
			t.Errorf("round %d: more than %d wait", round, maxErrands)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if err := e.settle(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("round %d: who went away waits: %v", round, err)
		}
		close(release)
		if err := e.settle(t.Context()); err != nil || !slices.Equal(done, want) {
			t.Errorf("round %d: done are %v (%v)", round, done, err)
		}
	}
}
