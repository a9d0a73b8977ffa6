package verify

import (
	"hash/maphash"
	"math/rand/v2"
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
	nobody entry
	seed   maphash.Seed
	kept   int // entries of a shard
	shards [shards]shard
	reads  singleflight.Group

	mu     sync.Mutex // of whoever changes anything
	ids    map[uint64]where
	cells  map[string]*cell
	terms  map[bond]*terms
	serial int64
	recent []epoch.Change // the newest at the end
}

// shard is some of the entries, side by side: a map of places leads to them, and no pointer.
type shard struct {
	mu      sync.RWMutex
	places  map[lookup]uint32 // in entries; 0 is nobody's
	entries []entry
	absent  []lookup // where there is nobody
}

// where an entry is.
type where struct{ shard, place uint32 }

// bond is by what keys have their terms in common.
type bond struct{ project, owner string }

func newCache(kept int, nobody entry) *cache {
	c := &cache{nobody: nobody, seed: maphash.MakeSeed(), kept: max(1, kept/shards)}
	c.forget()
	return c
}

func (c *cache) shardOf(l lookup) uint32 { return uint32(maphash.Bytes(c.seed, l[:]) % shards) }

// get finds what is remembered and current.
func (c *cache) get(l lookup) (entry, bool) {
	s := &c.shards[c.shardOf(l)]
	s.mu.RLock()
	at, known := s.places[l]
	e := s.entries[at]
	s.mu.RUnlock()
	return e, known && e.current()
}

// put keeps what was read since the epoch had a number, unless something has changed for it in the meantime, and gives it back as it
// is kept.
func (c *cache) put(e entry, since int64) entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.unchanged(e.lookup, &e, since) || !c.only(&e) {
		return e
	}
	c.share(&e)
	c.serial++
	e.serial = c.serial
	n := c.shardOf(e.lookup)
	s := &c.shards[n]
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.places[e.lookup]
	if at == 0 {
		at = c.room(s)
	}
	s.entries[at], s.places[e.lookup], c.ids[c.sum(&e)] = e, at, where{n, at}
	return e
}

// putNobody keeps that there is nothing.
func (c *cache) putNobody(l lookup, since int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.unchanged(l, nil, since) {
		return
	}
	s := &c.shards[c.shardOf(l)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, known := s.places[l]; known && at == 0 {
		return
	}
	if len(s.absent) == absentKept { // many were asked for
		for _, old := range s.absent {
			if s.places[old] == 0 {
				delete(s.places, old)
			}
		}
		s.absent = s.absent[:0]
	}
	s.absent, s.places[l] = append(s.absent, l), 0
}

// room is a place for one more entry: where any one of them was, when there are as many as there may be. Who is asked for often is
// read again soon.
func (c *cache) room(s *shard) uint32 {
	if len(s.entries) <= c.kept {
		s.entries = append(s.entries, entry{})
		return uint32(len(s.entries) - 1)
	}
	at := uint32(1 + rand.IntN(c.kept))
	old := &s.entries[at]
	delete(s.places, old.lookup)
	delete(c.ids, c.sum(old))
	return at
}

// only tells whether an entry can be found by its id: another one of the same sum is not.
func (c *cache) only(e *entry) bool {
	at, taken := c.ids[c.sum(e)]
	return !taken || c.shards[at.shard].entries[at.place].lookup == e.lookup
}

// sum stands for the id of an entry, which is too long to be kept twice.
func (c *cache) sum(e *entry) uint64 { return maphash.Bytes(c.seed, e.id[:e.idLength]) }

// prove keeps what the secret of an entry is compared with, if the entry is still what it was read for.
func (c *cache) prove(e entry, p *proof) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.shards[c.shardOf(e.lookup)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.places[e.lookup]; e.serial != 0 && s.entries[at].serial == e.serial {
		s.entries[at].proof = p
	}
}

// share gives an entry the terms that others have too, and terms the cells.
func (c *cache) share(e *entry) {
	if len(c.cells) > c.kept*shards*len(e.terms.cells) { // those of keys that were forgotten are among them
		c.reset()
	}
	with, common := bond{e.terms.key.ProjectID, e.terms.key.OwnerID}, e.terms.common(e.keyID())
	if t := c.terms[with]; common && t != nil && t.same(e.terms) && (&entry{terms: t}).current() {
		e.terms = t
		return
	}
	t := e.terms
	for i, id := range []*string{&t.key.ProjectID, &t.key.OrganizationID, &t.key.OwnerID} {
		if *id == "" {
			continue
		}
		if c.cells[*id] == nil {
			c.cells[*id] = &cell{id: *id}
		}
		t.cells[i] = c.cells[*id]
		*id = t.cells[i].id // one of each, and not one a key
	}
	if common {
		c.terms[with] = t
	}
}

// unchanged tells whether no change after a number is about an entry.
func (c *cache) unchanged(l lookup, e *entry, since int64) bool {
	for i, change := range c.recent {
		if change.Number <= since {
			continue
		}
		if change.All || i == 0 && len(c.recent) == mostRecent {
			return false
		}
		for _, id := range change.Subjects {
			if id == string(l[:]) || e != nil && e.about(id) {
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
		c.end(id)
		if l, ok := lookupOf(id); ok { // the public part of a key that was made
			c.welcome(l)
		}
	}
}

// end says that what is remembered of a subject is over.
func (c *cache) end(id string) {
	if at, known := c.ids[maphash.String(c.seed, id)]; known {
		s := &c.shards[at.shard]
		s.mu.Lock()
		s.entries[at.place].over = true
		s.mu.Unlock()
	}
	if cell := c.cells[id]; cell != nil {
		cell.over.Store(true)
		delete(c.cells, id)
	}
}

// welcome forgets that there was nobody.
func (c *cache) welcome(l lookup) {
	s := &c.shards[c.shardOf(l)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places[l] == 0 {
		delete(s.places, l)
	}
}

func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset()
}

func (c *cache) reset() {
	c.ids, c.cells, c.terms = map[uint64]where{}, map[string]*cell{}, map[bond]*terms{}
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.places, s.entries, s.absent = map[lookup]uint32{}, []entry{c.nobody}, nil
		s.mu.Unlock()
	}
}
