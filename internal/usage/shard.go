package usage

import (
	"sync"
	"time"

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

// heap is what was counted since it was last taken.
type heap struct {
	sums    map[cell]*sum
	used    map[string]int64 // when each key was last let through
	written chan struct{}    // closed when it is on the disk; nil: nobody waits
}

func newHeap() heap { return heap{sums: map[cell]*sum{}, used: map[string]int64{}} }

// shard counts some of the keys.
type shard struct {
	mu      sync.Mutex
	heap    heap
	methods methods
}

// add counts a use, if there is room for its cell. Who waits gets told when it is written.
func (s *shard) add(u traffic.Use, room func() bool) (written <-chan struct{}, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heap.sums == nil {
		s.heap = newHeap()
	}
	k := cell{
		start: u.At.Truncate(time.Minute).UnixMicro(), key: u.Key.ID, project: u.Key.ProjectID, organization: u.Key.OrganizationID,
		environment: u.Key.Environment, member: u.Key.OwnerID, outcome: string(u.Code), currency: u.Key.Currency,
	}
	k.method = s.methods.name(k.key, k.start, u.Method)
	at, known := s.heap.sums[k]
	if !known {
		if !room() {
			return nil, false
		}
		at = &sum{}
		s.heap.sums[k] = at
	}
	at.add(sum{1, u.Units, u.Units * u.Key.UnitPrice})
	if u.Code == traffic.Valid {
		s.heap.used[k.key] = max(s.heap.used[k.key], u.At.UnixMicro())
	}
	if u.Key.Strict && s.heap.written == nil {
		s.heap.written = make(chan struct{})
	}
	return s.heap.written, true
}

// take empties the shard.
func (s *shard) take() heap {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.heap
	s.heap = heap{}
	return h
}
