package policy

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The law of secrets and groups over random secrets, grants, groups, memberships and times that have passed or have not.
// Its forms agree as those of a generated rule do, and they say what a model says that was written without the law.
func TestAllFormsOfTheLawOfSecretsAgree(t *testing.T) {
	t.Parallel()
	start := seed(t)
	eachDatabase(t, func(t *testing.T, db database) {
		r, err := Load(t.Context(), Options{Modules: Law(), Dialect: db.name, Settings: Settings{ShareLinks: true}, Proven: true})
		if err != nil {
			t.Fatal(err)
		}
		w := newSafe(r.vocabulary, rand.New(rand.NewPCG(start, uint64(len(db.name)))))
		w.putTypes(t, db, safeTypes()...)
		decisions, allowed := 0, 0
		for _, info := range r.Permissions() {
			if !slices.Contains([]string{"Secret", "SecretGrant", "SecretVersion", "Group", "GroupMember"}, info.Type) {
				continue
			}
			a := &agreement{t: t, db: db, w: &w.world, typ: info.Type, permission: info.Name, facts: map[string]*ast.Term{}}
			for _, row := range w.rows[info.Type] {
				a.facts[row["id"].(string)] = w.known().full(info.Type, row, maxEdges)
			}
			a.forms(r, string(info.Name))
			if a.failures > 0 {
				t.Fatalf("KEYHALL_SEED=%d", start)
			}
			if a.allowed == 0 || a.allowed == a.decisions {
				t.Errorf("%s says the same to everybody about everything", info.Name)
			}
			decisions, allowed = decisions+a.decisions, allowed+a.allowed
			w.compare(t, r, db, info.Name)
			w.compareBehindAVeil(t, r, db, info.Name)
		}
		t.Logf("%d decisions, %d allowed", decisions, allowed)
	})
}

// safe is a world of the product's own tables.
type safe struct {
	world
	r *rand.Rand
}

func safeTypes() []string {
	return []string{"User", "Organization", "OrganizationMember", "Group", "GroupMember", "Secret", "SecretGrant", "SecretVersion"}
}

const past, future = int64(1_000), int64(9_000_000_000_000_000)

func newSafe(v Vocabulary, r *rand.Rand) *safe {
	w := &safe{world{v, map[string][]record{}}, r}
	for i := range 7 {
		w.add("User", record{"email": fmt.Sprintf("u%d@x.io", i), "email_verified": i%2 == 0, "administrator": i == 0, "suspended_at": int64(0)})
	}
	w.add("Organization", record{})
	w.add("Organization", record{})
	for _, u := range w.rows["User"] {
		for _, o := range w.rows["Organization"] {
			if r.IntN(3) > 0 {
				w.add("OrganizationMember", record{"organization_id": o["id"], "user_id": u["id"], "role": w.any("OWNER", "READER", "READER", "GUEST")})
			}
		}
	}
	for range 12 {
		g := w.add("Group", record{"organization_id": w.some("Organization"), "owner_id": w.some("User"), "status": w.any("ENABLED", "ENABLED", "DISABLED"), "members_can_view": r.IntN(2) == 0})
		for range r.IntN(4) {
			w.add("GroupMember", record{"group_id": g, "user_id": w.some("User"), "expires_at": w.when()})
		}
	}
	for range 40 {
		row := record{"organization_id": w.some("Organization"), "owner_id": w.some("User"), "expires_at": w.when(), "disabled_at": w.any(int64(0), int64(0), past)}
		if row["disabled_at"] != int64(0) {
			row["disabled_by_id"] = w.some("User")
		}
		s := w.add("Secret", row)
		w.add("SecretVersion", record{"secret_id": s, "number": int64(1)})
		for range r.IntN(4) {
			grant := record{"secret_id": s, "level": w.any("VIEW", "EDIT", "OTHER"), "expires_at": w.when()}
			if r.IntN(2) == 0 {
				grant["user_id"] = w.some("User")
			} else {
				grant["group_id"] = w.some("Group")
			}
			w.add("SecretGrant", grant)
		}
	}
	return w
}

// add fills what the law does not ask about.
func (w *safe) add(typ string, row record) string {
	id := idOf(typ, len(w.rows[typ]))
	row["id"] = id
	for name, f := range w.vocabulary[typ].Fields {
		if _, set := row[name]; !set && !f.Nullable {
			row[name] = map[Kind]any{String: "", Int: int64(0), Bool: false}[f.Kind]
		}
	}
	w.rows[typ] = append(w.rows[typ], row)
	return id
}

func (w *safe) any(of ...any) any { return of[w.r.IntN(len(of))] }
func (w *safe) when() any         { return w.any(int64(0), past, future) }
func (w *safe) some(typ string) any {
	return w.rows[typ][w.r.IntN(len(w.rows[typ]))]["id"]
}

// known is the same world with the edges that the law of secrets follows; with all of them every row leads to every other.
func (w *safe) known() *world {
	follow := map[string][]string{
		"Secret": {"organization", "grants"}, "SecretGrant": {"secret", "group"}, "SecretVersion": {"secret"}, "Organization": {"members"},
		"Group": {"organization", "members"}, "GroupMember": {"group"},
	}
	v := Vocabulary{}
	for _, typ := range safeTypes() {
		entity := w.vocabulary[typ]
		entity.Edges = maps.Clone(entity.Edges)
		maps.DeleteFunc(entity.Edges, func(name string, _ Edge) bool { return !slices.Contains(follow[typ], name) })
		v[typ] = entity
	}
	return &world{v, w.rows}
}

// compare holds what the law says of a secret against the model.
func (w *safe) compare(t *testing.T, r *Revision, db database, p Permission) {
	t.Helper()
	need, ok := needs()[p]
	if !ok {
		return
	}
	for _, s := range w.subjects() {
		var ids []string
		for _, secret := range w.rows["Secret"] {
			ids = append(ids, secret["id"].(string))
		}
		can, err := r.Can(t.Context(), db, s, "Secret", ids, []Permission{p})
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range w.rows["Secret"] {
			id := secret["id"].(string)
			if want := rank(w.best(secret, s.ID, nil)) >= rank(need); want != (len(can[id]) == 1) {
				t.Errorf("%s of %s to %s: %v, the model says %v", p, id, s.ID, can[id], want)
			}
		}
	}
}

// compareBehindAVeil holds who can do something, with some groups left out, against the model.
func (w *safe) compareBehindAVeil(t *testing.T, r *Revision, db database, p Permission) {
	t.Helper()
	need, ok := needs()[p]
	if !ok {
		return
	}
	var hidden []string
	var through Through
	for _, g := range w.rows["Group"] {
		if w.r.IntN(2) == 0 {
			hidden = append(hidden, g["id"].(string))
		} else {
			through.Groups = append(through.Groups, g["id"].(string))
		}
	}
	for _, secret := range w.rows["Secret"] {
		id, want := secret["id"].(string), []string{}
		for _, u := range w.rows["User"] {
			person := u["id"].(string)
			reaches := rank(w.best(secret, person, hidden)) >= rank(need)
			if reaches {
				want = append(want, person)
			}
			if got, err := r.Reaches(t.Context(), db, p, id, person, through); got != reaches || err != nil {
				t.Errorf("%s reaches %s of %s without %v: %v, %v", person, p, id, hidden, got, err)
			}
		}
		slices.Sort(want)
		people, err := r.WhoCan(t.Context(), db, p, id, Span{Limit: 50, Through: through})
		if err != nil || !slices.Equal(ids(people), want) {
			t.Errorf("%s of %s without %v: %v, the model says %v, %v", p, id, hidden, ids(people), want, err)
		}
		if n, err := r.CountWhoCan(t.Context(), db, p, id, through); n != len(want) || err != nil {
			t.Errorf("%s of %s without %v: %d are counted of %d, %v", p, id, hidden, n, len(want), err)
		}
	}
}

// needs is what somebody must at least be on a secret, for permissions that ask nothing else.
func needs() map[Permission]string {
	return map[Permission]string{"secret.view": "VIEW", "secret.view_sharing": "VIEW", "secret.edit": "EDIT", "secret.disable": "EDIT", "secret.view_versions": "EDIT", "secret.share": "OWNER", "secret.delete": "OWNER"}
}

func rank(most string) int { return slices.Index([]string{"", "VIEW", "EDIT", "OWNER"}, most) }

// best is the most that somebody is on a secret by any live way, but for those through hidden groups: the model.
func (w *safe) best(secret record, person string, hidden []string) string {
	live := func(row record) bool {
		return row["expires_at"] == int64(0) || row["expires_at"].(int64) > time.Now().UnixMicro()
	}
	if secret["owner_id"] == person && slices.ContainsFunc(w.rows["OrganizationMember"], func(m record) bool {
		return m["organization_id"] == secret["organization_id"] && m["user_id"] == person && m["role"] != "GUEST"
	}) {
		return "OWNER"
	}
	best := ""
	for _, g := range w.rows["SecretGrant"] {
		if g["secret_id"] != secret["id"] || !live(g) || g["level"] == "OTHER" {
			continue
		}
		reaches := g["user_id"] == person
		for _, m := range w.rows["GroupMember"] {
			group := w.find("Group", m["group_id"])
			if slices.Contains(hidden, group["id"].(string)) {
				continue
			}
			reaches = reaches || m["group_id"] == g["group_id"] && m["user_id"] == person && live(m) && group["status"] == "ENABLED"
		}
		if reaches && best != "EDIT" {
			best = g["level"].(string)
		}
	}
	return best
}

func (w *safe) find(typ string, id any) record {
	return w.rows[typ][slices.IndexFunc(w.rows[typ], func(r record) bool { return r["id"] == id })]
}
