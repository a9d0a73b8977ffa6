package verify

import (
	"crypto/sha256"
	"sync/atomic"

	"github.com/keyhall/keyhall/internal/allow"
	"github.com/keyhall/keyhall/internal/traffic"
)

// entry is what is remembered of a key, or of a verifier token, which has fewer of these. It is not changed once it is kept.
type entry struct {
	lookup string
	key    traffic.Key
	hash   [sha256.Size]byte
	pepper string

	archived   bool
	disabled   bool
	ownerUntil int64 // from then on the owner does not stand; forever or never
	expires    int64 // by the database's clock
	rules      *rules

	cells [3]*cell // of the project, the organization and the owner
	over  atomic.Bool
	proof atomic.Pointer[proof] // read when the first request brings something to compare with it
}

// Moments that never come, and that have always been.
const (
	never  = int64(1<<63 - 1)
	always = int64(0)
)

// rules are what a request must bring along and look like; most keys have none.
type rules struct {
	requireSecret, requireJWT, secretOverrides bool
	lists                                      allow.Lists
	scopes                                     []string
}

// cell stands for a project, an organization or a person, whom many keys have in common: what is over for it is over for all.
type cell struct {
	id   string
	over atomic.Bool
}

// current tells whether nothing that the entry was made of has changed.
func (e *entry) current() bool {
	if e.over.Load() {
		return false
	}
	for _, c := range e.cells {
		if c != nil && c.over.Load() {
			return false
		}
	}
	return true
}

// subjects are whom the entry is about, in the order of its cells.
func (e *entry) subjects() [3]string {
	return [3]string{e.key.ProjectID, e.key.OrganizationID, e.key.OwnerID}
}

// name takes the ids from the cells, so that there is one of each and not one a key.
func (e *entry) name() {
	for i, id := range []*string{&e.key.ProjectID, &e.key.OrganizationID, &e.key.OwnerID} {
		if e.cells[i] != nil {
			*id = e.cells[i].id
		}
	}
}
