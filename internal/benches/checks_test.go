package benches

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/keyhall/keyhall/policy"
)

// The rule of three permissions on one key, written by hand; $1 is the viewer and $2 the key.
const (
	handStanding = `EXISTS (SELECT 1 FROM projects p JOIN organization_members m ON m.organization_id = p.organization_id
		JOIN users u ON u.id = m.user_id WHERE p.id = k.project_id AND m.user_id = k.owner_id AND u.suspended_at = 0)`
	handCollaborator = `EXISTS (SELECT 1 FROM collaborators c WHERE c.api_key_id = k.id AND c.user_id = $1 AND c.role IN (%s))`
	handProjectOwner = `EXISTS (SELECT 1 FROM project_members pm JOIN projects p ON p.id = pm.project_id
		JOIN organization_members m ON m.organization_id = p.organization_id AND m.user_id = pm.user_id
		WHERE pm.project_id = k.project_id AND pm.user_id = $1 AND pm.role = 'OWNER')`
	handOrganizationOwner = `EXISTS (SELECT 1 FROM projects p JOIN organization_members m ON m.organization_id = p.organization_id
		WHERE p.id = k.project_id AND m.user_id = $1 AND m.role = 'OWNER')`
)

func handRule(p policy.Permission) string {
	owner := "k.owner_id = $1 AND " + handStanding
	switch p {
	case "api_key.rename":
		return fmt.Sprintf("%s OR k.kind = 'PROJECT' AND (%s OR %s)", owner, fmt.Sprintf(handCollaborator, "'ADMIN'"), handProjectOwner)
	case "api_key.reveal_secret":
		return fmt.Sprintf("%s OR k.kind = 'PROJECT' AND (%s OR %s)", owner, fmt.Sprintf(handCollaborator, "'ADMIN', 'CONTRIBUTOR'"), handProjectOwner)
	default: // api_key.delete
		return fmt.Sprintf("%s OR k.kind = 'PROJECT' AND NOT %s AND %s", owner, handStanding, handOrganizationOwner)
	}
}

// measureChecks compares one decision (facts, OPA and SQL, with its reasons) with the statement that a handler would ask
// by hand. It has no bar: a deed also writes an audit row, beside which both are small.
func measureChecks(t *testing.T, w *town) {
	out := newTable(t, os.Stdout, fmt.Sprintf("%s: one check of one key, facts and OPA and SQL, against a hand-written check", w.server.Database))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	few, many := w.folk[0], w.folk[2]
	for _, c := range []struct {
		name string
		who  person
		key  string
	}{
		{"own key", few, keyID(0)},
		{"key shared with 400, its admin", few, w.plan.crowded},
		{"key of an owned organization", many, w.keyOf(t, many)},
		{"hidden key", few, w.keyOf(t, many)},
	} {
		for _, p := range []policy.Permission{"api_key.rename", "api_key.reveal_secret", "api_key.delete"} {
			law, hand := w.decide(ctx, c.who, p, c.key), w.handCheck(t, ctx, c.who, p, c.key)
			mustDecideAlike(t, c.name, p, law, hand)
			out.row(fmt.Sprintf("%s: %s", c.name, p), noBar, check("Keyhall", law), check("hand-written", hand))
		}
	}
	out.end()
}

// keyOf is a key that somebody sees as an owner of its organization.
func (w *town) keyOf(t *testing.T, p person) (id string) {
	t.Helper()
	const find = `SELECT k.id FROM api_keys k JOIN projects p ON p.id = k.project_id
		JOIN organization_members m ON m.organization_id = p.organization_id
		WHERE m.user_id = $1 AND m.role = 'OWNER' AND k.kind = 'PROJECT' ORDER BY k.id LIMIT 1`
	if err := w.db.QueryRowContext(t.Context(), find, p.ID).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *town) decide(ctx context.Context, who person, p policy.Permission, key string) func() (bool, error) {
	a := w.server.App
	s := policy.Subject{ID: who.ID, Email: who.Email, EmailVerified: true}
	return func() (bool, error) {
		d, err := a.Engine.Revision().Decide(ctx, a.Store.Client, s, p, key)
		return d.Allow, err
	}
}

func (w *town) handCheck(t *testing.T, ctx context.Context, who person, p policy.Permission, key string) func() (bool, error) {
	t.Helper()
	st, err := w.db.PrepareContext(ctx, "SELECT EXISTS (SELECT 1 FROM api_keys k WHERE k.id = $2 AND ("+handRule(p)+"))")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return func() (allow bool, err error) {
		err = st.QueryRowContext(ctx, who.ID, key).Scan(&allow)
		return allow, err
	}
}

func check(name string, decide func() (bool, error)) contender {
	return contender{name, func() error {
		_, err := decide()
		return err
	}}
}

func mustDecideAlike(t *testing.T, name string, p policy.Permission, law, hand func() (bool, error)) {
	t.Helper()
	got, err := law()
	want, err2 := hand()
	if err != nil || err2 != nil || got != want {
		t.Fatalf("%s: %s: the law says %v, %v, and the hand-written check %v, %v", name, p, got, err, want, err2)
	}
}
