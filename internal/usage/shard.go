package usage

import (
	"sync"
	"time"

	"github.com/keyhall/keyhall/internal/places"
	"github.com/keyhall/keyhall/internal/traffic"
)

// cell is what is counted together: a row of a batch.
type cell struct {
	start                                   int64 // of the minute
	key, project, organization, environment string
	member, method, outcome, currency       string
}

// sum is what came to a cell.
type sum struct{ requests, units, spend int64 }

func (s *sum) add(o sum) { s.requests += o.requests; s.units += o.units; s.spend += o.spend }

// count is a cell, what came to it, and when its key was last let through.
type count struct {
	cell
	sum
	used int64
}

// heap is what was counted since it was last taken, side by side and in the order in which it came: with many keys, finding is what
// counting costs.
type heap struct {
	counts  []count
	places  places.Index
	written chan struct{} // closed when it is on the disk; nil: nobody waits
}

// shard counts some of the keys.
type shard struct {
	mu      sync.Mutex
	heap    heap
	before  int // how much the heap held that was taken last: as much may come again
	methods methods
}

// add counts a use, if there is room for its cell. Who waits gets told when it is written. The sum stands for the key.
func (s *shard) add(u traffic.Use, key uint64, room func() bool) (written <-chan struct{}, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heap.counts == nil {
		s.heap.counts = make([]count, 0, s.before)
		s.heap.places.Reserve(s.before)
	}
	at, ok := s.find(u, key, room)
	if !ok {
		return nil, false
	}
	at.add(sum{1, u.Units, u.Units * u.Key.UnitPrice})
	if u.Code == traffic.Valid {
		at.used = max(at.used, u.At.UnixMicro())
	}
	if u.Key.Strict && s.heap.written == nil {
		s.heap.written = make(chan struct{})
	}
	return s.heap.written, true
}

// find is the count of a use: the one there is, or a new one if there is room.
func (s *shard) find(u traffic.Use, key uint64, room func() bool) (*count, bool) {
	c := cell{
		start: u.At.Truncate(time.Minute).UnixMicro(), key: u.Key.ID, project: u.Key.ProjectID, organization: u.Key.OrganizationID,
		environment: u.Key.Environment, member: u.Key.OwnerID, method: u.Method, outcome: string(u.Code), currency: u.Key.Currency,
	}
	at, sum, known := s.heap.find(&c, key)
	if !known {
		c.method = s.methods.name(key, c.start, u.Method)
		at, sum, known = s.heap.find(&c, key)
	}
	if !known {
		if !room() {
			return nil, false
		}
		at = uint32(len(s.heap.counts))
		s.heap.places.Add(sum, at)
		s.heap.counts = append(s.heap.counts, count{cell: c})
	}
	return &s.heap.counts[at], true
}

// find looks for a cell by the sum of its key.
func (h *heap) find(c *cell, key uint64) (at, sum uint32, ok bool) {
	sum = uint32(key>>32) + 31*uint32(len(c.outcome))
	for i := range len(c.method) {
		sum = 31*sum + uint32(c.method[i])
	}
	at, ok = h.places.Find(sum, func(at uint32) bool { return h.counts[at].cell == *c })
	return at, sum, ok
}

// take empties the shard.
func (s *shard) take() heap {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.heap
	s.heap, s.before = heap{}, len(h.counts)
	return h
}
