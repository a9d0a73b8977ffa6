package verify

import (
	"hash/maphash"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/keyhall/keyhall/internal/epoch"
)

const (
	shards     = 64
	absentKept = 256 // unknown ids that a shard remembers
	mostRecent = 128 // changes against which what is being read is held
)

// cache remembers entries by the public part of their credential, a bounded number of them. What is dropped while it is being read
// is not kept. Where there is nothing it remembers nobody, found in the same way and the same time as somebody.
type cache struct {
	nobody *entry
	seed   maphash.Seed
	kept   int // entries of a shard
	shards [shards]shard
	reads  singleflight.Group

	mu     sync.Mutex
	ids    map[string]*entry // by the id of the key or token
	cells  map[string]*cell
	pepper string         // most have the same
	recent []epoch.Change // the newest at the end
}

type shard struct {
	mu     sync.RWMutex
	known  map[string]*entry
	absent []string // of those: where there is nobody
}

func newCache(kept int, nobody *entry) *cache {
	c := &cache{nobody: nobody, seed: maphash.MakeSeed(), kept: max(1, kept/shards)}
	c.forget()
	return c
}

func (c *cache) shard(lookup string) *shard {
	return &c.shards[maphash.String(c.seed, lookup)%shards]
}

// get finds what is remembered and current.
func (c *cache) get(lookup string) *entry {
	s := c.shard(lookup)
	s.mu.RLock()
	e := s.known[lookup]
	s.mu.RUnlock()
	if e == nil || !e.current() {
		return nil
	}
	return e
}

// put keeps what was read since the epoch had a number, unless something has changed for it in the meantime. A nil entry is that
// there is nothing.
func (c *cache) put(lookup string, e *entry, since int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.unchanged(lookup, e, since) {
		return
	}
	if e != nil {
		c.share(e) // before the shard is held: it may forget all of them
	}
	s := c.shard(lookup)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e == nil {
		s.forgetNobody(c.nobody)
		s.absent = append(s.absent, lookup)
		s.known[lookup] = c.nobody
		return
	}
	for old, other := range s.known { // any one of them: who is asked for often is read again soon
		if len(s.known) < c.kept || old == lookup {
			break
		}
		delete(s.known, old)
		delete(c.ids, other.key.ID)
	}
	s.known[lookup], c.ids[e.key.ID] = e, e
}

// forgetNobody makes room where many unknown ids were asked for.
func (s *shard) forgetNobody(nobody *entry) {
	if len(s.absent) < absentKept {
		return
	}
	for _, lookup := range s.absent {
		if s.known[lookup] == nobody {
			delete(s.known, lookup)
		}
	}
	s.absent = s.absent[:0]
}

// share gives an entry the cells that it has in common with others, and their strings.
func (c *cache) share(e *entry) {
	if len(c.cells) > c.kept*shards*len(e.cells) { // those of keys that were forgotten are among them
		c.reset()
	}
	for i, id := range e.subjects() {
		if id == "" {
			continue
		}
		if c.cells[id] == nil {
			c.cells[id] = &cell{id: id}
		}
		e.cells[i] = c.cells[id]
	}
	if e.pepper != c.pepper {
		c.pepper = e.pepper
	}
	e.pepper = c.pepper
	e.name()
}

// unchanged tells whether no change after a number is about an entry.
func (c *cache) unchanged(lookup string, e *entry, since int64) bool {
	for i, change := range c.recent {
		if change.Number <= since {
			continue
		}
		if change.All || i == 0 && len(c.recent) == mostRecent {
			return false
		}
		for _, id := range change.Subjects {
			if id == lookup || e != nil && (id == e.key.ID || id == e.key.ProjectID || id == e.key.OrganizationID || id == e.key.OwnerID) {
				return false
			}
		}
	}
	return true
}

// drop forgets whom a change is about.
func (c *cache) drop(change epoch.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.recent = append(c.recent, change); len(c.recent) > mostRecent {
		c.recent = append(c.recent[:0], c.recent[1:]...)
	}
	if change.All {
		c.reset()
		return
	}
	for _, id := range change.Subjects {
		if e := c.ids[id]; e != nil {
			e.over.Store(true)
			delete(c.ids, id)
		}
		if cell := c.cells[id]; cell != nil {
			cell.over.Store(true)
			delete(c.cells, id)
		}
		s := c.shard(id) // the public part of a key that was made
		s.mu.Lock()
		if s.known[id] == c.nobody {
			delete(s.known, id)
		}
		s.mu.Unlock()
	}
}

func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset()
}

func (c *cache) reset() {
	c.ids, c.cells = map[string]*entry{}, map[string]*cell{}
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.known, s.absent = map[string]*entry{}, nil
		s.mu.Unlock()
	}
}
