//keyhall:norace
package lock_test

import (
	"context"
	"errors"
	"testing"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// scene is one server with two owners who do not know each other, and a collaborator.
type scene struct {
	*apptest.Server
	ada, ben, cleo *apptest.Actor
	key, other     string // two keys of ada's
	hidden         string // a key of ben's
	place          string // cleo's place on key
	hiddenPlace    string // dev's place on ben's key
	invitation     string // ada's open offer
	secret, theirs string // a secret of ada's, shared with cleo and with her group; and one of ben's
	group          string // ada's, with dev
}

func newScene(t *testing.T, s *apptest.Server) *scene {
	t.Helper()
	c := &scene{Server: s, ada: s.Actor(t, "ada"), ben: s.Actor(t, "ben"), cleo: s.Actor(t, "cleo")}
	dev := s.Actor(t, "dev")
	c.key, c.other = c.ada.CreateKey(t, "one", "", "PROJECT").ID, c.ada.CreateKey(t, "two", "", "PROJECT").ID
	c.hidden = c.ben.CreateKey(t, "hidden", "", "PROJECT").ID
	c.place, c.hiddenPlace = c.ada.Share(t, c.key, c.cleo, "CONTRIBUTOR"), c.ben.Share(t, c.hidden, dev, "CONTRIBUTOR")
	c.invitation = c.ada.Invite(t, c.key, dev, "ADMIN")
	c.secret, c.theirs = c.ada.AddSecret(t, "one", "1"), c.ben.AddSecret(t, "hidden", "2")
	c.group = c.ada.MakeGroup(t, "team", dev)
	c.ada.ShareSecret(t, c.secret, apptest.Vars{"login": c.cleo.Username}, nil)
	c.ada.ShareSecret(t, c.secret, apptest.Vars{"groupId": c.group}, nil)
	return c
}

// as is the ctx of somebody at the door.
func (c *scene) as(a *apptest.Actor) context.Context {
	return c.App.Guard.Enter(context.Background(), viewer.Viewer{
		Kind: viewer.User, UserID: a.ID, Username: a.Username, Email: a.Email, EmailVerified: true,
	})
}

// deed is an allowed deed in a transaction of its own, which is undone when the test ends or when end is called.
type deed struct {
	t       *testing.T
	tx      *ent.Tx
	ctx     context.Context // of the viewer
	permit  access.Permit
	receipt audit.Receipt
	about   string
	ended   bool
}

func (c *scene) allow(t *testing.T, who *apptest.Actor, p policy.Permission, d policy.Deed) *deed {
	t.Helper()
	ctx := c.as(who)
	tx, err := c.App.Store.Tx(ctx)
	if err != nil {
		t.Fatal(err)
	}
	out := &deed{t: t, tx: tx, ctx: ctx, about: d.ID}
	t.Cleanup(out.end)
	if out.permit, err = c.App.Guard.Authorize(ctx, tx, p, d); err != nil {
		t.Fatalf("%s of %s: %v", p, d.ID, err)
	}
	return out
}

// recorded is the same with its audit row written.
func (d *deed) recorded() *deed {
	d.t.Helper()
	r, err := audit.Record(d.ctx, d.tx, d.permit, audit.Event{Type: "test.done", ResourceID: d.about})
	if err != nil {
		d.t.Fatal(err)
	}
	d.receipt = r
	return d
}

// open is the ctx of the deed's own writes.
func (d *deed) open() context.Context { return d.receipt.Open(d.ctx) }

// unrecorded is the ctx of a permit whose audit row nobody has written.
func (d *deed) unrecorded() context.Context { return lock.Under(d.ctx, d.permit.Permit) }

func (d *deed) end() {
	if !d.ended {
		d.ended = true
		_ = d.tx.Rollback()
	}
}

func (d *deed) commit() {
	d.t.Helper()
	d.ended = true
	if err := d.tx.Commit(); err != nil {
		d.t.Fatal(err)
	}
}

// denied fails the test unless the lock itself said no.
func denied(t *testing.T, what string, err error) {
	t.Helper()
	if no := (*lock.DeniedError)(nil); !errors.As(err, &no) {
		t.Errorf("%s: %v, want a denial of the lock", what, err)
	}
}

// passes fails the test unless all went well.
func passes(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// notThere fails the test unless the row was not found.
func notThere(t *testing.T, what string, err error) {
	t.Helper()
	if !ent.IsNotFound(err) {
		t.Errorf("%s: %v, want that the row is not found", what, err)
	}
}
