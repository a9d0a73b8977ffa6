package verify

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/keyhall/keyhall/internal/allow"
	"github.com/keyhall/keyhall/internal/traffic"
)

// entry is what is remembered of a key, or of a verifier token, which has fewer of these. It is small, and of one piece: with a million
// keys each part that lies elsewhere is one more wait for memory. What a key has in common with others is in its terms.
type entry struct {
	lookup   lookup
	idLength uint8
	disabled bool
	over     bool // something has changed
	hash     [sha256.Size]byte
	id       [maxID]byte

	ownerUntil int64 // from then on the owner does not stand; forever or never
	expires    int64 // by the database's clock
	serial     int64 // of what was put into the cache; 0: it is not in it
	terms      *terms
	proof      *proof // read when the first request brings something to compare with it
}

// maxID is how long an id is at most (ent/schema).
const maxID = 40

// lookup is the public part of a credential.
type lookup [12]byte

// lookupOf tells too whether a text can be one.
func lookupOf(text string) (l lookup, ok bool) {
	return l, copy(l[:], text) == len(text) && len(text) == len(l)
}

// Moments that never come, and that have always been.
const (
	never  = int64(1<<63 - 1)
	always = int64(0)
)

// terms are what holds for a key, and for many others too as a rule: all of a project that belong to the same and have no rules or
// limits of their own. They are not changed once they are kept.
type terms struct {
	key      traffic.Key // without its id
	pepper   string
	archived bool
	rules    *rules
	cells    [3]*cell // of the project, the organization and the owner
}

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

// of says which key it is.
func (e *entry) of(id string, hash []byte) error {
	if len(id) > maxID || len(hash) != len(e.hash) {
		return fmt.Errorf("the hash or the id of key %s is damaged", id)
	}
	e.idLength = uint8(copy(e.id[:], id))
	copy(e.hash[:], hash)
	return nil
}

// key is whose request it is, for those who limit and count.
func (e *entry) key() *traffic.Key {
	k := e.terms.key
	k.ID = e.keyID()
	return &k
}

func (e *entry) keyID() string { return string(e.id[:e.idLength]) }

// current tells whether nothing that the entry was made of has changed.
func (e *entry) current() bool {
	if e.over {
		return false
	}
	for _, c := range e.terms.cells {
		if c != nil && c.over.Load() {
			return false
		}
	}
	return true
}

// subjects are whom the terms are about, in the order of their cells.
func (t *terms) subjects() []string {
	return []string{t.key.ProjectID, t.key.OrganizationID, t.key.OwnerID}
}

// about tells whether an entry is about a subject.
func (e *entry) about(id string) bool {
	return string(e.id[:e.idLength]) == id || slices.Contains(e.terms.subjects(), id)
}

// common tells whether other keys can have the same terms.
func (t *terms) common(keyID string) bool {
	return t.rules == nil && !slices.ContainsFunc(t.key.Rates, func(r traffic.Rate) bool { return r.Scope == keyID }) &&
		!slices.ContainsFunc(t.key.Spends, func(s traffic.Spend) bool { return s.Scope == keyID })
}

// same tells whether two terms are, but for their cells and rules.
func (t *terms) same(o *terms) bool {
	a, b := t.key, o.key
	return t.pepper == o.pepper && t.archived == o.archived && slices.Equal(a.Rates, b.Rates) && slices.Equal(a.Spends, b.Spends) &&
		slices.Equal(t.subjects(), o.subjects()) && a.Environment == b.Environment && a.Strict == b.Strict && a.UnitPrice == b.UnitPrice && a.Currency == b.Currency
}
