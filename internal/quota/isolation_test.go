package quota_test

import (
	"context"
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
