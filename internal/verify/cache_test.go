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
	c := newCache(shards, entry{terms: &terms{}})
	put := func(i int) lookup {
		id := fmt.Sprintf("%011d", i)
		e := entry{terms: &terms{key: traffic.Key{ProjectID: "prj_" + id, OrganizationID: "org_" + id, OwnerID: "usr_" + id}}}
		e.lookup, _ = lookupOf("k" + id)
		if err := e.of("key_"+id, make([]byte, len(e.hash))); err != nil {
			t.Error(err)
		}
		return c.put(e, 0).lookup
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 10 * shards {
			put(i)
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("remembering a key waits for ever")
	}
	if _, known := c.get(put(10 * shards)); !known || len(c.cells) > 4*shards {
		t.Errorf("the newest is remembered: %v, with %d cells", known, len(c.cells))
	}
}
