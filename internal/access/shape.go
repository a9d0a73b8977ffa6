package access

import (
	"context"
	"fmt"
	"sync"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

const (
	fewRows    = 3000        // up to here the union of the ways in is quicker than probing each row of the order
	classTTL   = time.Minute // how long a viewer's class is remembered; a wrong class is slow, never wrong
	maxClasses = 20_000
)

// shape picks the form of a row predicate: a look-up of known rows asks each of them; a page of somebody who sees few rows
// starts from those, and of somebody who sees many from the order. Whoever reads a list to its end starts from what is seen.
func (g *Guard) shape(ctx context.Context, rev *policy.Revision, s policy.Subject, p policy.Permission) policy.Shape {
	switch lock.ReadingOf(ctx) {
	case lock.LookUp:
		return policy.One
	case lock.WholeList:
		return policy.Few
	}
	key := class{s.ID, p, rev.ID()}
	if shape, ok := g.classes.get(key); ok {
		return shape
	}
	shape := policy.Many
	if n, err := g.count(ctx, rev, s, p); err == nil && n <= fewRows {
		shape = policy.Few
	}
	g.classes.put(key, shape)
	return shape
}

func (g *Guard) count(ctx context.Context, rev *policy.Revision, s policy.Subject, p policy.Permission) (n int, err error) {
	probe, err := rev.CountUpTo(s, p, fewRows)
	if err != nil {
		return 0, err
	}
	rows := &sql.Rows{}
	if err := g.client.Ask(ctx, probe, rows); err != nil {
		return 0, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&n)
	}
	return n, err
}

type class struct {
	user       string
	permission policy.Permission
	revision   string
}

type classes struct {
	mu    sync.Mutex
	known map[class]remembered
}

type remembered struct {
	shape policy.Shape
	until time.Time
}

func newClasses() *classes { return &classes{known: map[class]remembered{}} }

func (c *classes) get(k class) (policy.Shape, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.known[k]
	return r.shape, ok && time.Now().Before(r.until)
}

func (c *classes) put(k class, s policy.Shape) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxClasses {
		clear(c.known)
	}
	c.known[k] = remembered{s, time.Now().Add(classTTL)}
}

type errNoRowRule string

func (e errNoRowRule) Error() string {
	return fmt.Sprintf("no rule says who may see rows of %s", string(e))
}
