package verify

import (
	"fmt"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/traffic"
)

// Keys of more projects, organizations and people than can be remembered come and go: memory is bounded, and nobody waits for ever.
func TestMoreOwnersThanCanBeRememberedHoldUpNobody(t *testing.T) {
	t.Parallel()
	c := newCache(shards, &entry{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 10 * shards {
			id := fmt.Sprint(i)
			c.put("lookup_"+id, &entry{key: traffic.Key{ID: "key_" + id, ProjectID: "prj_" + id, OrganizationID: "org_" + id, OwnerID: "usr_" + id}}, 0)
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("remembering a key waits for ever")
	}
	if e := c.get(fmt.Sprintf("lookup_%d", 10*shards-1)); e == nil || len(c.cells) > 4*shards {
		t.Errorf("the newest is remembered: %v, with %d cells", e != nil, len(c.cells))
	}
}
