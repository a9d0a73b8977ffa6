package graph_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

// The role matrix of keys: everybody tries everything in every state, through GraphQL, and gets what the table says
// (A1, A2, A13 to A26, A28, C1, C10, C16).
//
//keyhall:norace
func TestEveryCellOfTheRoleMatrixOfKeysHolds(t *testing.T) {
	t.Parallel()
	m := readMatrix(t)
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		began := time.Now()
		c := newCast(t, s, m.people)
		t.Cleanup(func() {
			t.Logf("%d cells in %.1f s", len(m.states)*len(m.permissions)*len(m.people), time.Since(began).Seconds())
		})
		for _, state := range m.states {
			t.Run(state.name, func(t *testing.T) {
				t.Parallel()
				play(t, c.stage(t, state), m.people)
			})
		}
	})
}

// cellKey is one cell that changes something: it has a key of its own.
type cellKey struct{ permission, person string }

// play sets the stage, brings it into its state and has everybody look and act.
func play(t *testing.T, g *stage, people []string) {
	still, props := g.prop(t), map[cellKey]*prop{} // nothing may happen to the still one
	all := []*prop{still}
	for permission := range deeds() {
		for _, person := range people {
			if g.cells[permission][person] == cellDone {
				p := g.prop(t)
				props[cellKey{permission, person}], all = p, append(all, p)
			}
		}
	}
	g.begin(t, all)
	for _, person := range people {
		if g.cells["view"][person] != cellNobody {
			g.look(t, person, still, len(all))
		}
	}
	for _, permission := range slices.Sorted(maps.Keys(deeds())) {
		absent := g.absent(t, permission)
		for _, person := range people {
			switch cell := g.cells[permission][person]; cell {
			case cellNobody:
			case cellDone:
				g.act(t, permission, person, props[cellKey{permission, person}])
			default:
				g.fail(t, permission, person, still, absent)
			}
		}
	}
}

// act has somebody do what they may.
func (g *stage) act(t *testing.T, permission, person string, p *prop) {
	t.Helper()
	d, who, recorded := deeds()[permission], g.actor(person), g.recorded(t, p)
	out := who.Do(t, d.mutation, d.ask(g, p, who))
	if out.Code() != "" || len(out.Errors) > 0 {
		t.Errorf("%s: %s of %s: %s", g.name, permission, person, out.Body)
		return
	}
	if !d.seen(t, g, p, who, out) {
		t.Errorf("%s: %s of %s says that it is done and is not: %s", g.name, permission, person, out.Body)
	}
	if n := g.recorded(t, p) - recorded; n != 1 {
		t.Errorf("%s: %s of %s left %d audit rows", g.name, permission, person, n)
	}
}

// fail has somebody try what changes nothing: it is not theirs, or there is nothing to do.
func (g *stage) fail(t *testing.T, permission, person string, p *prop, absent string) {
	t.Helper()
	d, who, cell := deeds()[permission], g.actor(person), g.cells[permission][person]
	if g.still == nil { // afterwards it is as the last one left it
		g.still = &trace{g.written(t, p), g.recorded(t, p)}
	}
	before := *g.still
	out := who.Do(t, d.mutation, d.ask(g, p, who))
	if out.Code() != cell.code() {
		t.Errorf("%s: %s of %s: got %q, want %q: %s", g.name, permission, person, out.Code(), cell.code(), out.Body)
	}
	if cell == cellForbidden && len(out.Errors) == 1 && out.Errors[0].Extensions.Permission != noun+permission {
		t.Errorf("%s: %s of %s is refused in the name of %q", g.name, permission, person, out.Errors[0].Extensions.Permission)
	}
	if cell == cellHidden && len(out.Errors) == 1 && out.Errors[0].Message != absent {
		t.Errorf("%s: %s of %s is told %q, of what does not exist %q", g.name, permission, person, out.Errors[0].Message, absent)
	}
	*g.still = trace{g.written(t, p), g.recorded(t, p)}
	if now := g.still.written; now != before.written {
		t.Errorf("%s: %s of %s wrote something:\n%s\nwas\n%s", g.name, permission, person, now, before.written)
	}
	if n := g.still.recorded - before.recorded; n != 0 {
		t.Errorf("%s: %s of %s left %d audit rows of a deed", g.name, permission, person, n)
	}
}

// absent is how the server speaks of a thing that does not exist.
func (g *stage) absent(t *testing.T, permission string) string {
	t.Helper()
	d, who := deeds()[permission], g.people["strang"]
	ghost := &prop{apptest.Key{ID: g.id("key")}, map[string]string{"mate": g.id("col")}, g.id("inv")}
	out := who.Do(t, d.mutation, d.ask(g, ghost, who))
	if out.Code() != "NOT_FOUND" {
		t.Errorf("%s of what does not exist: %s", permission, out.Body)
		return ""
	}
	return out.Errors[0].Message
}

// look has somebody look at a key by every way that leads to it: all agree, and viewerCan is their column.
func (g *stage) look(t *testing.T, person string, p *prop, keys int) {
	t.Helper()
	who, view, want := g.actor(person), g.cells["view"][person], g.held(person)
	vars := apptest.Vars{"id": p.ID, "ids": []string{p.ID}, "project": g.project, "name": g.propName()}
	for query, path := range map[string][]any{
		`query($id: ID!) { apiKey(id: $id) { id viewerCan } }`:                        {"apiKey"},
		`query($id: ID!) { node(id: $id) { id ... on APIKey { viewerCan } } }`:        {"node"},
		`query($ids: [ID!]!) { nodes(ids: $ids) { id ... on APIKey { viewerCan } } }`: {"nodes", 0},
	} {
		out := who.Do(t, query, vars)
		if out.Code() != view.code() {
			t.Errorf("%s: %s asks %s: %s", g.name, person, query, out.Body)
		}
		g.sees(t, person, query, out.At(path...), p, want)
	}
	out := who.Do(t, `query($name: String!) { apiKeys(first: 100, filter: {query: $name}) { totalCount nodes { id viewerCan } } }`, vars)
	list, _ := out.At("apiKeys", "nodes").([]any)
	total, _ := out.At("apiKeys", "totalCount").(float64)
	if view == cellAnonymous {
		if out.Code() != view.code() {
			t.Errorf("%s: %s lists keys: %s", g.name, person, out.Body)
		}
		return
	}
	if view == cellHidden {
		keys = 0
	}
	if len(list) != keys || int(total) != keys || out.Code() != "" {
		t.Errorf("%s: %s lists %d keys of %v, want %d: %q", g.name, person, len(list), total, keys, out.Code())
	}
	for i := range list {
		if id := out.Text("apiKeys", "nodes", i, "id"); id == p.ID {
			g.sees(t, person, "the list", list[i], p, want)
		}
	}
	g.lookAtProject(t, person, p, keys)
	g.lookAtSharing(t, person, p)
	g.lookAtSecurity(t, person, p)
	g.lookAtUse(t, person, p)
}

func (g *stage) sees(t *testing.T, person, way string, node any, p *prop, want []string) {
	t.Helper()
	if g.cells["view"][person] != cellDone {
		if node != nil {
			t.Errorf("%s: %s asks %s and gets %v", g.name, person, way, node)
		}
		return
	}
	key, _ := node.(map[string]any)
	list, _ := key["viewerCan"].([]any)
	got := []string{}
	for _, permission := range list {
		got = append(got, permission.(string))
	}
	slices.Sort(got)
	if key["id"] != p.ID || !slices.Equal(got, want) {
		t.Errorf("%s: %s asks %s and gets %v; too many %v, missing %v", g.name, person, way, key["id"], without(got, want), without(want, got))
	}
}

func without(list, these []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return slices.Contains(these, x) })
}

// lookAtProject is the way over the project, for who sees that.
func (g *stage) lookAtProject(t *testing.T, person string, p *prop, keys int) {
	t.Helper()
	out := g.actor(person).Do(t, `query($id: ID!) { project(id: $id) { apiKeys(first: 100) { totalCount nodes { id } } } }`, apptest.Vars{"id": g.project})
	if out.Code() == "NOT_FOUND" {
		return
	}
	list, _ := out.At("project", "apiKeys", "nodes").([]any)
	if len(list) != keys || out.Code() != "" {
		t.Errorf("%s: %s sees %d keys in the project, want %d: %q", g.name, person, len(list), keys, out.Code())
	}
}

// lookAtSecurity reads the settings and the rows behind them (A15, A16, A22).
func (g *stage) lookAtSecurity(t *testing.T, person string, p *prop) {
	t.Helper()
	cell, who := g.cells["view_security"][person], g.actor(person)
	out := who.Do(t, `query($id: ID!) { apiKey(id: $id) { securitySettings { requireSecret origins jwtKeys { id } } } }`, apptest.Vars{"id": p.ID})
	if out.Code() != cell.code() || (out.At("apiKey", "securitySettings") != nil) != (cell == cellDone) {
		t.Errorf("%s: %s asks for the security settings: %s", g.name, person, out.Body)
	}
	if cell == cellForbidden && (len(out.Errors) != 1 || out.Errors[0].Extensions.Permission != noun+"view_security") {
		t.Errorf("%s: %s asks for the security settings: %s", g.name, person, out.Body)
	}
}

// lookAtUse reads what a key was used for, and what that cost (A19, A24).
func (g *stage) lookAtUse(t *testing.T, person string, p *prop) {
	t.Helper()
	for permission, field := range map[string]string{"view_stats": "usage(window: LAST_HOUR) { requests }", "view_billing": "billing { monthToDate { amount } }"} {
		cell := g.cells[permission][person]
		out := g.actor(person).Do(t, `query($id: ID!) { apiKey(id: $id) { gated: `+field+` } }`, apptest.Vars{"id": p.ID})
		if out.Code() != cell.code() || (out.At("apiKey", "gated") != nil) != (cell == cellDone) {
			t.Errorf("%s: %s asks for %s: %s", g.name, person, field, out.Body)
		}
		if cell == cellForbidden && (len(out.Errors) != 1 || out.Errors[0].Extensions.Permission != noun+permission) {
			t.Errorf("%s: %s asks for %s: %s", g.name, person, field, out.Body)
		}
	}
}

// lookAtSharing reads the gated fields and the rows behind them (A23).
func (g *stage) lookAtSharing(t *testing.T, person string, p *prop) {
	t.Helper()
	cell, who := g.cells["view_sharing"][person], g.actor(person)
	for field, rows := range map[string]int{"collaborators": 4, "invitations": 4} {
		out := who.Do(t, `query($id: ID!) { apiKey(id: $id) { `+field+` { totalCount nodes { id } } } }`, apptest.Vars{"id": p.ID})
		if out.Code() != cell.code() {
			t.Errorf("%s: %s asks for %s: %s", g.name, person, field, out.Body)
		}
		if cell == cellForbidden && (len(out.Errors) != 1 || out.Errors[0].Extensions.Permission != noun+"view_sharing" || out.At("apiKey", field) != nil) {
			t.Errorf("%s: %s asks for %s: %s", g.name, person, field, out.Body)
		}
		if list, _ := out.At("apiKey", field, "nodes").([]any); cell == cellDone && !g.personal() && len(list) != rows {
			t.Errorf("%s: %s sees %d %s, want %d", g.name, person, len(list), field, rows)
		}
	}
	for _, id := range []string{p.places["mate"], p.invitation} {
		out := who.Do(t, `query($id: ID!) { node(id: $id) { id } }`, apptest.Vars{"id": id})
		visible := cell == cellDone && !g.personal()
		if got := out.Text("node", "id") == id; got != visible || (out.Code() == "NOT_FOUND") == visible {
			t.Errorf("%s: %s asks for %s: %s", g.name, person, id, out.Body)
		}
	}
}
