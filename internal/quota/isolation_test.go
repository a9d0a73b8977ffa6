package quota_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/quota"
	"github.com/keyhall/keyhall/internal/traffic"
)

// of is a key of a project that has a rate and a spend limit.
func of(project string, requests int64) *traffic.Key {
	return quota.Key([]traffic.Rate{{Scope: project, Requests: requests, Window: time.Hour}}, spend(project, 1_000_000_000))
}

// C6: who is stuck in the middle of being counted, with every lock of its project held, has nobody of another project wait.
func TestAProjectThatIsStuckHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q := s.App.Quota
		take(t, q, of("prj_p", 1000))
		free := q.Stick("prj_p")
		done := make(chan error, 1)
		go func() {
			for range 200 {
				if got, err := q.Take(context.Background(), of("prj_q", 1000), 1); err != nil || got.Code != traffic.Valid {
					done <- err
					return
				}
			}
			done <- nil
		}()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second * apptest.Slowdown):
			t.Error("the other project waits")
		}
		free()
	}, calm)
}

// C6: exhausting project P never refuses a request of project Q, and never delays one for more than a moment; the delays are measured with
// P at rest and with P asked for as fast as sixteen can.
func TestSaturatingOneProjectDelaysAndRefusesNoOther(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		q := s.App.Quota
		measure := func() time.Duration {
			var took []time.Duration
			for range 1500 {
				began := time.Now()
				if got := take(t, q, of("prj_q", 1_000_000)); got.Code != traffic.Valid {
					t.Fatalf("Q is refused: %+v", got)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			return took[len(took)*99/100]
		}
		rest := measure()
		stop := make(chan struct{})
		var all sync.WaitGroup
		var refused sync.Map
		for w := range 16 {
			all.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if got, err := q.Take(context.Background(), of("prj_p", 5), 1); err == nil && got.Code == traffic.RateLimited {
						refused.Store(w, true)
					}
				}
			})
		}
		busy := measure()
		close(stop)
		all.Wait()
		if _, ok := refused.Load(0); !ok {
			t.Error("P was never exhausted: this measured nothing")
		}
		t.Logf("99 of 100 requests of Q took at most %v while P was at rest, %v while it was saturated", rest, busy)
		if busy > 250*time.Millisecond*apptest.Slowdown { // sixteen others on the same processors
			t.Errorf("a request of Q waits %v", busy)
		}
	}, calm)
}
