package verify

import (
	"hash/maphash"
	"math/rand/v2"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/keyhall/keyhall/internal/epoch"
	"github.com/keyhall/keyhall/internal/places"
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

// shard is some of the entries, side by side.
type shard struct {
	mu      sync.RWMutex
	places  places.Index
	entries []entry
	absent  []uint32 // places where there was nobody, which the next nobody takes in turn
	next    int
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

// sumOf stands for the public part of a credential, and says in which shard it is.
func (c *cache) sumOf(l lookup) (sum, shard uint32) {
	all := maphash.Bytes(c.seed, l[:])
	return uint32(all), uint32(all >> 32 % shards)
}

// get finds what is remembered and current.
func (c *cache) get(l lookup) (e entry, ok bool) {
	sum, n := c.sumOf(l)
	s := &c.shards[n]
	s.mu.RLock()
	at, known := s.find(sum, l)
	if known {
		e = s.entries[at]
	}
	s.mu.RUnlock()
	return e, known && e.current()
}

func (s *shard) find(sum uint32, l lookup) (uint32, bool) {
	return s.places.Find(sum, func(at uint32) bool { return s.entries[at].lookup == l })
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
	sum, n := c.sumOf(e.lookup)
	s := &c.shards[n]
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := s.find(sum, e.lookup)
	if !known {
		at = c.room(s)
		s.places.Add(sum, at)
	}
	c.unname(s, at)
	s.entries[at], c.ids[c.sum(&e)] = e, where{n, at}
	return e
}

// putNobody keeps that there is nothing.
func (c *cache) putNobody(l lookup, since int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.unchanged(l, nil, since) {
		return
	}
	sum, n := c.sumOf(l)
	s := &c.shards[n]
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := s.find(sum, l)
	if !known {
		at = c.roomForNobody(s)
		s.places.Add(sum, at)
	}
	c.unname(s, at)
	s.entries[at] = c.nobody
	s.entries[at].lookup = l
}

// room is a place for one more entry: where any one of them was, when there are as many as there may be. Who is asked for often is
// read again soon.
func (c *cache) room(s *shard) uint32 {
	if len(s.entries) < c.kept {
		s.entries = append(s.entries, entry{})
		return uint32(len(s.entries) - 1)
	}
	at := rand.Uint32N(uint32(c.kept))
	c.leave(s, at)
	return at
}

// roomForNobody is the place of another one who is not there, when many were asked for.
func (c *cache) roomForNobody(s *shard) uint32 {
	if len(s.absent) < absentKept {
		s.absent = append(s.absent, c.room(s))
		return s.absent[len(s.absent)-1]
	}
	at := s.absent[s.next%absentKept]
	s.next++
	c.leave(s, at)
	return at
}

// leave makes a place free.
func (c *cache) leave(s *shard, at uint32) {
	sum, _ := c.sumOf(s.entries[at].lookup)
	s.places.Remove(sum, at)
	c.unname(s, at)
}

// unname forgets which key is in a place.
func (c *cache) unname(s *shard, at uint32) {
	if e := &s.entries[at]; e.serial != 0 {
		delete(c.ids, c.sum(e))
		*e = entry{lookup: e.lookup}
	}
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
	sum, n := c.sumOf(e.lookup)
	s := &c.shards[n]
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, known := s.find(sum, e.lookup); known && e.serial != 0 && s.entries[at].serial == e.serial {
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
	sum, n := c.sumOf(l)
	s := &c.shards[n]
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, known := s.find(sum, l); known && s.entries[at].serial == 0 {
		s.entries[at].over = true
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
		s.places, s.entries, s.absent, s.next = places.Index{}, nil, nil, 0
		s.mu.Unlock()
	}
}
