package ent_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy/lock"
)

// world is who may see what, said by hand: for each type the rows that ada sees, and by that all that is hidden from her.
// She owns a key that she shares with cleo, contributes to a key of ben's, and reads in cleo's organization. With secrets it is
// the same, but that she reaches one of ben's through a group of his, whose members do not see each other.
type world struct {
	*apptest.Server
	ada, ben, cleo, dev, eve *apptest.Actor
	sees                     map[string][]string // by type, sorted
	all                      map[string][]string
}

func newWorld(t *testing.T, s *apptest.Server) *world {
	t.Helper()
	w := &world{Server: s, ada: s.Actor(t, "ada"), ben: s.Actor(t, "ben"), cleo: s.Actor(t, "cleo"), dev: s.Actor(t, "dev"), eve: s.Actor(t, "eve")}
	own := w.ada.CreateKey(t, "Own", "", "PROJECT").ID
	shared := w.ben.CreateKey(t, "Shared", "", "PROJECT").ID
	hidden := w.ben.CreateKey(t, "Hidden", "", "PROJECT").ID
	neighbour := w.cleo.CreateKey(t, "Neighbour", "", "PROJECT").ID
	w.cleo.CreateKey(t, "Private", "", "PERSONAL")
	cleoPlace, adaPlace := w.ada.Share(t, own, w.cleo, "CONTRIBUTOR"), w.ben.Share(t, shared, w.ada, "CONTRIBUTOR")
	w.ben.Share(t, shared, w.eve, "ADMIN")
	w.ada.Invite(t, own, w.dev, "ADMIN")
	w.ben.Invite(t, shared, w.dev, "ADMIN")
	s.JoinOrganization(t, w.cleo.Home, w.ada, "READER")
	for _, a := range []*apptest.Actor{w.ada, w.ben} {
		a.Must(t, `mutation { createAccessToken(input: {name: "program"}) { accessToken { id } errors { code } } }`, nil)
	}
	for key, who := range map[string]*apptest.Actor{own: w.ada, shared: w.ben} {
		done := who.Once(t, `mutation($id: ID!, $pem: String!) { updateSecuritySettings(input: {apiKeyId: $id, origins: ["https://app.example"], jwtKeys: [{name: "signer", publicKeyPEM: $pem}]}) { errors { code } } }`,
			apptest.Vars{"id": key, "pem": publicKey(t)}, "settings")
		if done.Code() != "" {
			t.Fatal(done.Body)
		}
	}
	w.limit(t, map[string]*apptest.Actor{own: w.ada, shared: w.ben})
	// One key took the place of another, seen from both ends: hidden < shared < own < neighbour.
	for old, successor := range map[string]string{hidden: shared, shared: own, own: neighbour} {
		s.SQL(t, "UPDATE api_keys SET replaces_id = ? WHERE id = ?", old, successor)
	}
	secret, lent, through := w.ada.AddSecret(t, "Own", "1"), w.ben.AddSecret(t, "Shared", "2"), w.ben.AddSecret(t, "Through", "3")
	hiddenSecret := w.ben.AddSecret(t, "Hidden", "4")
	team, bens := w.ada.MakeGroup(t, "Own", w.cleo), w.ben.MakeGroup(t, "Shared", w.ada, w.dev)
	others := w.ben.MakeGroup(t, "Hidden", w.eve)
	to := func(who *apptest.Actor) apptest.Vars { return apptest.Vars{"login": who.Username} }
	w.ada.ShareSecret(t, secret, to(w.cleo), nil)
	w.ada.ShareSecret(t, secret, apptest.Vars{"groupId": team}, nil)
	w.ben.ShareSecret(t, lent, to(w.ada), nil)
	w.ben.ShareSecret(t, lent, to(w.eve), apptest.Vars{"canEdit": true})
	w.ben.ShareSecret(t, through, apptest.Vars{"groupId": bens}, nil)
	w.ben.ShareSecret(t, through, apptest.Vars{"groupId": others}, nil)
	w.ben.ShareSecret(t, hiddenSecret, to(w.eve), nil)
	for who, group := range map[*apptest.Actor]string{w.ben: bens, w.ada: team} { // ada is in the group of ben's, and not in his organization
		s.PutMachines(t, who, group)
	}
	machine := list(t, s, "SELECT id AS x FROM api_keys WHERE project_id = ? AND service_account_id IS NOT NULL", w.ada.Project)[0]
	link := s.PutLink(t, secret, w.ada)
	for _, id := range []string{lent, through, hiddenSecret} {
		s.PutLink(t, id, w.ben)
	}
	for _, a := range []*apptest.Actor{w.ada, w.ben} {
		a.InviteTo(t, a.Home, "guest@keyhall.test", "READER", apptest.Vars{"projectId": a.Project, "role": "MEMBER"})
	}
	of := func(query string, args ...any) []string { return list(t, s, query, args...) }
	w.sees = map[string][]string{
		"User":               sorted(w.ada.ID, w.cleo.ID),
		"Organization":       sorted(w.ada.Home, w.cleo.Home),
		"OrganizationMember": of("SELECT id AS x FROM organization_members WHERE organization_id IN (?, ?)", w.ada.Home, w.cleo.Home),
		"Project":            sorted(w.ada.Project),
		"ProjectMember":      of("SELECT id AS x FROM project_members WHERE project_id = ?", w.ada.Project),
		"APIKey":             sorted(own, shared, machine),
		"ServiceAccount":     of("SELECT id AS x FROM service_accounts WHERE project_id = ?", w.ada.Project),
		"VerifierToken":      of("SELECT id AS x FROM verifier_tokens WHERE project_id = ?", w.ada.Project),
		"Collaborator":       sorted(cleoPlace, adaPlace),
		"Invitation":         of("SELECT id AS x FROM invitations WHERE api_key_id = ? OR organization_id = ? OR email = ?", own, w.ada.Home, w.ada.Email),
		"InvitationProject":  of("SELECT id AS x FROM invitation_projects WHERE project_id = ?", w.ada.Project),
		"Session":            of("SELECT id AS x FROM sessions WHERE user_id = ?", w.ada.ID),
		"AccessToken":        of("SELECT id AS x FROM access_tokens WHERE user_id = ?", w.ada.ID),
		"AuditEvent":         of("SELECT id AS x FROM audit_events WHERE organization_id = ?", w.ada.Home),
		"SecuritySettings":   of("SELECT id AS x FROM security_settings WHERE api_key_id IN (?, ?)", own, machine),
		"JWTKey":             of("SELECT id AS x FROM jwt_keys WHERE api_key_id = ?", own),
		"RateLimit":          of("SELECT id AS x FROM rate_limits WHERE api_key_id = ? OR project_id = ? OR organization_id = ?", own, w.ada.Project, w.ada.Home),
		"SpendLimit":         of("SELECT id AS x FROM spend_limits WHERE api_key_id = ? OR project_id = ? OR organization_id = ?", own, w.ada.Project, w.ada.Home),
		"SpendAlert":         of("SELECT id AS x FROM spend_alerts WHERE api_key_id = ? OR project_id = ? OR organization_id = ?", own, w.ada.Project, w.ada.Home),
		"Secret":             sorted(secret, lent, through),
		"SecretGrant":        of("SELECT id AS x FROM secret_grants WHERE secret_id IN (?, ?, ?)", secret, lent, through),
		"SecretVersion":      of("SELECT id AS x FROM secret_versions WHERE secret_id = ?", secret),
		"ShareLink":          sorted(link),
		"Group":              sorted(team, bens),
		"GroupMember":        of("SELECT id AS x FROM group_members WHERE group_id = ? OR user_id = ?", team, w.ada.ID),
	}
	used(t, s, own, w.ada)
	w.all = map[string][]string{}
	for typ, table := range tables() {
		w.all[typ] = of("SELECT id AS x FROM " + table)
	}
	return w
}

// used counts something of a key; what it was used for is nobody's to query, but through what it is of.
func used(t *testing.T, s *apptest.Server, key string, owner *apptest.Actor) {
	t.Helper()
	s.SQL(t, `INSERT INTO usage_buckets (id, created_at, width, start, api_key_id, project_id, organization_id, environment, member_id, method, outcome, requests, units, spend, currency, batch)
		VALUES ('usb_1', 1, 'MINUTE', 1, ?, ?, ?, 'PRODUCTION', ?, 'GET', 'VALID', 1, 1, 1, 'USD', 'b')`, key, owner.Project, owner.Home, owner.ID)
	s.SQL(t, "INSERT INTO usage_batches (id, created_at, batch) VALUES ('usf_1', 1, 'b')")
	s.SQL(t, "INSERT INTO usage_reports (id, created_at, lookup, fingerprint, answer, expires_at) VALUES ('usp_1', 1, 'l', ?, 'VALID', 1)", []byte("f"))
}

// tables of the types, by hand; types without an entry in sees are nobody's to query.
func tables() map[string]string {
	return map[string]string{
		"User": "users", "Organization": "organizations", "OrganizationMember": "organization_members", "Project": "projects",
		"ProjectMember": "project_members", "APIKey": "api_keys", "Collaborator": "collaborators", "Invitation": "invitations",
		"SecuritySettings": "security_settings", "JWTKey": "jwt_keys",
		"RateLimit": "rate_limits", "SpendLimit": "spend_limits", "SpendAlert": "spend_alerts",
		"UsageBucket": "usage_buckets", "UsageBatch": "usage_batches", "UsageReport": "usage_reports", "Epoch": "epoches", "Revocation": "revocations",
		"SpendAccount": "spend_accounts", "SpendLease": "spend_leases", "Webhook": "webhooks",
		"Session": "sessions", "AccessToken": "access_tokens", "AuditEvent": "audit_events",
		"Credential": "credentials", "APIKeyHash": "api_key_hashes", "SealedValue": "sealed_values", "Instance": "instances",
		"IdempotencyKey": "idempotency_keys", "Mail": "mails",
		"Secret": "secrets", "SecretGrant": "secret_grants", "SecretVersion": "secret_versions", "SealedVersion": "sealed_versions", "ShareLink": "share_links",
		"Group": `"groups"`, "GroupMember": "group_members", "InvitationProject": "invitation_projects", "ServiceAccount": "service_accounts", "VerifierToken": "verifier_tokens",
	}
}

// publicKey is a new one in PEM.
func publicKey(t *testing.T) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func sorted(ids ...string) []string {
	slices.Sort(ids)
	return ids
}

// hidden are the ids of a type that ada must never learn of.
func (w *world) hidden(typ string) []string {
	return slices.DeleteFunc(slices.Clone(w.all[typ]), func(id string) bool { return slices.Contains(w.sees[typ], id) })
}

func TestLeaks(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		w := newWorld(t, s)
		for _, typ := range typesOf(s.App.Store.Client) {
			if len(w.all[typ]) == 0 || len(w.hidden(typ)) == 0 {
				t.Fatalf("the world has nothing hidden of type %s: give it some, so that the sweep is about something", typ)
			}
		}
		t.Run("hidden rows are in no answer", func(t *testing.T) { t.Parallel(); hiddenRowsAreInNoAnswer(t, w) })
		t.Run("types that nobody may query", func(t *testing.T) { t.Parallel(); nobodyQueriesHiddenTypes(t, w) })
		t.Run("eager loading", func(t *testing.T) { t.Parallel(); eagerLoadingHides(t, w) })
		t.Run("chains", func(t *testing.T) { t.Parallel(); chainsHide(t, w) })
		t.Run("edge predicates", func(t *testing.T) { t.Parallel(); edgePredicatesAreNoOracles(t, w) })
		t.Run("edge predicates under not and or", func(t *testing.T) { t.Parallel(); negatedEdgePredicatesAreNoOracles(t, w) })
		t.Run("every way answers the same", func(t *testing.T) { t.Parallel(); everyWayAnswersTheSame(t, w) })
		t.Run("without a gate", func(t *testing.T) { t.Parallel(); withoutAGateNothing(t, w) })
		t.Run("nobody signed in", func(t *testing.T) { t.Parallel(); anonymousSeesNothing(t, w) })
		t.Run("a token narrowed to nothing", func(t *testing.T) { t.Parallel(); narrowedToNothingSeesNothing(t, w) })
	})
}

// answers asks one query in every way that the generated client offers, each time from the start.
func answers(t *testing.T, ctx context.Context, q func() reflect.Value) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	ids := func(way string, found []string, err error) {
		if err != nil && !ent.IsNotFound(err) {
			t.Errorf("%s: %v", way, err)
		}
		found = slices.DeleteFunc(slices.Clone(found), func(s string) bool { return s == "" })
		slices.Sort(found)
		out[way] = found
	}
	asked := func(way string, v reflect.Value, method string, args ...any) []reflect.Value {
		r := call(v, method, append([]any{ctx}, args...)...)
		if err := failure(r); err != nil && !ent.IsNotFound(err) {
			t.Errorf("%s: %v", way, err)
		}
		return r
	}
	r := asked("IDs", q(), "IDs")
	ids("IDs", r[0].Interface().([]string), failure(r))
	out["All"] = entityIDs(asked("All", q(), "All")[0])
	out["Limit"] = entityIDs(asked("Limit", call(call(q(), "Limit", 1000)[0], "Offset", 0)[0], "All")[0])
	out["Unique"] = entityIDs(asked("Unique", call(q(), "Unique", false)[0], "All")[0])
	out["Clone"] = entityIDs(asked("Clone", call(q(), "Clone")[0], "All")[0])
	r = asked("Select", call(q(), "Select", "id")[0], "Strings")
	ids("Select", r[0].Interface().([]string), failure(r))
	r = asked("GroupBy", call(q(), "GroupBy", "id")[0], "Strings")
	ids("GroupBy", r[0].Interface().([]string), failure(r))
	var groups []struct {
		ID    string `sql:"id"`
		Count int    `sql:"count"`
	}
	asked("GroupBy.Aggregate", call(call(q(), "GroupBy", "id")[0], "Aggregate", ent.AggregateFunc(ent.Count()))[0], "Scan", &groups)
	var grouped []string
	for _, g := range groups {
		grouped = append(grouped, g.ID)
	}
	ids("GroupBy.Aggregate", grouped, nil)
	return out
}

// bounds are the answers that are numbers or single values: they must be those of the visible rows.
func bounds(t *testing.T, ctx context.Context, q func() reflect.Value, sees []string) {
	t.Helper()
	if n := call(q(), "Count", ctx); failure(n) != nil || n[0].Int() != int64(len(sees)) {
		t.Errorf("Count says %v, %v; %d rows are visible", n[0], failure(n), len(sees))
	}
	if e := call(q(), "Exist", ctx); failure(e) != nil || e[0].Bool() != (len(sees) > 0) {
		t.Errorf("Exist says %v, %v", e[0], failure(e))
	}
	if n := call(call(q(), "Aggregate", ent.AggregateFunc(ent.Count()))[0], "Int", ctx); failure(n) != nil || n[0].Int() != int64(len(sees)) {
		t.Errorf("Aggregate(Count) says %v, %v; %d rows are visible", n[0], failure(n), len(sees))
	}
	if len(sees) == 0 {
		for _, way := range []string{"First", "FirstID", "Only", "OnlyID"} {
			if err := failure(call(q(), way, ctx)); !ent.IsNotFound(err) {
				t.Errorf("%s says %v, want that nothing is found", way, err)
			}
		}
		return
	}
	for name, edge := range map[string]ent.AggregateFunc{sees[0]: ent.Min("id"), sees[len(sees)-1]: ent.Max("id")} {
		if v := call(call(q(), "Aggregate", edge)[0], "String", ctx); failure(v) != nil || v[0].String() != name {
			t.Errorf("an aggregate says %v, %v; of the visible rows it is %s", v[0], failure(v), name)
		}
	}
	for _, way := range []string{"First", "FirstID"} {
		v := call(q(), way, ctx)
		if failure(v) != nil || !slices.Contains(sees, idOf(v[0])) {
			t.Errorf("%s says %v, %v", way, v[0], failure(v))
		}
	}
}

func hiddenRowsAreInNoAnswer(t *testing.T, w *world) {
	ctx, c := as(w.Server, w.ada), w.App.Store.Client
	for typ, sees := range w.sees {
		t.Run(typ, func(t *testing.T) {
			all := func() reflect.Value { return queryOf(c, typ) }
			for way, got := range answers(t, ctx, all) {
				if !slices.Equal(got, sees) {
					t.Errorf("%s gives %v, want %v", way, got, sees)
				}
			}
			bounds(t, ctx, all, sees)
			for _, id := range w.hidden(typ) {
				one := func() reflect.Value { return where(queryOf(c, typ), hasID(id)) }
				for way, got := range answers(t, ctx, one) {
					if len(got) != 0 {
						t.Errorf("%s of the hidden %s gives %v", way, id, got)
					}
				}
				bounds(t, ctx, one, nil)
				if r := call(clientOf(c, typ), "Get", ctx, id); !ent.IsNotFound(failure(r)) || !r[0].IsNil() {
					t.Errorf("Get of the hidden %s gives %v, %v", id, r[0], failure(r))
				}
			}
			others := where(queryOf(c, typ), sql.FieldNotIn("id", sees...))
			if got := idsOf(t, ctx, "the others", others); len(got) != 0 {
				t.Errorf("everything but the visible rows is %v", got)
			}
		})
	}
}

func nobodyQueriesHiddenTypes(t *testing.T, w *world) {
	c := w.App.Store.Client
	for _, typ := range typesOf(c) {
		if _, ok := w.sees[typ]; ok {
			continue
		}
		for who, ctx := range map[string]context.Context{"ada": as(w.Server, w.ada), "ben": as(w.Server, w.ben), "nobody": context.Background()} {
			for way, err := range refusals(ctx, func() reflect.Value { return queryOf(c, typ) }) {
				if err == nil {
					t.Errorf("%s: %s of %s is answered", who, way, typ)
				}
			}
		}
	}
}

// eagerLoadingHides loads every edge of every type, two edges deep, and looks at each row that came along.
func eagerLoadingHides(t *testing.T, w *world) {
	ctx, c, loaded := as(w.Server, w.ada), w.App.Store.Client, 0
	for typ := range w.sees {
		for _, with := range methods(queryOf(c, typ), "With", 1) {
			q := queryOf(c, typ)
			m := q.MethodByName(with)
			deeper := reflect.MakeFunc(m.Type().In(0).Elem(), func(args []reflect.Value) []reflect.Value {
				for _, next := range methods(args[0], "With", 1) {
					args[0].MethodByName(next).Call(nil)
				}
				return nil
			})
			r := call(m.Call([]reflect.Value{deeper})[0], "All", ctx)
			if err := failure(r); err != nil {
				t.Errorf("%s.%s: %v", typ, with, err)
				continue
			}
			for i := range r[0].Len() {
				loaded += w.walk(t, fmt.Sprintf("%s.%s", typ, with), r[0].Index(i))
			}
		}
	}
	if loaded < 50 {
		t.Errorf("only %d rows were loaded along: the sweep is about nothing", loaded)
	}
}

// walk checks an entity and all that hangs on it, and counts them.
func (w *world) walk(t *testing.T, way string, entity reflect.Value) int {
	if entity.IsNil() {
		return 0
	}
	typ, id, n := typeOf(entity), idOf(entity), 1
	if !slices.Contains(w.sees[typ], id) {
		t.Errorf("%s brings the hidden %s %s along", way, typ, id)
	}
	edges := entity.Elem().FieldByName("Edges")
	if !edges.IsValid() {
		return n
	}
	for i := range edges.NumField() {
		switch e := edges.Field(i); {
		case !edges.Type().Field(i).IsExported():
		case e.Kind() == reflect.Pointer:
			n += w.walk(t, way+"."+edges.Type().Field(i).Name, e)
		case e.Kind() == reflect.Slice:
			for k := range e.Len() {
				n += w.walk(t, way+"."+edges.Type().Field(i).Name, e.Index(k))
			}
		}
	}
	return n
}

// chainsHide follows every edge, two deep, from all rows, from each hidden row and from an entity in the hand.
func chainsHide(t *testing.T, w *world) {
	ctx, c := as(w.Server, w.ada), w.App.Store.Client
	followed := 0
	check := func(way string, q reflect.Value, want func(typ, id string) bool) {
		ids := idsOf(t, ctx, way, q)
		followed += len(ids)
		for _, id := range ids {
			if !want(typeOf(q), id) {
				t.Errorf("%s leads to the hidden %s %s", way, typeOf(q), id)
			}
		}
		if n := call(q, "Count", ctx); failure(n) == nil && int(n[0].Int()) != len(ids) {
			t.Errorf("%s: Count says %v for %d rows", way, n[0], len(ids))
		}
	}
	visible := func(typ, id string) bool { return slices.Contains(w.sees[typ], id) }
	nothing := func(string, string) bool { return false }
	for typ := range w.sees {
		for _, edge := range methods(queryOf(c, typ), "Query", 0) {
			q := call(queryOf(c, typ), edge)[0]
			check(typ+"."+edge, q, visible)
			for _, next := range methods(q, "Query", 0) {
				check(typ+"."+edge+"."+next, call(call(queryOf(c, typ), edge)[0], next)[0], visible)
			}
			for _, id := range w.hidden(typ) {
				from := where(queryOf(c, typ), hasID(id))
				check("the hidden "+id+"."+edge, call(from, edge)[0], nothing)
			}
			for _, id := range w.all[typ] {
				entity := call(queryOf(c, typ), "First", ctx)[0] // as if somebody had it in the hand from before it was hidden
				entity.Elem().FieldByName("ID").SetString(id)
				check("the entity "+id+"."+edge, clientOf(c, typ).MethodByName(edge).Call([]reflect.Value{entity})[0], visible)
			}
		}
	}
	if followed < 100 {
		t.Errorf("the chains led to %d rows: the sweep is about nothing", followed)
	}
}

// refusals asks a query in every way and returns what each way said.
func refusals(ctx context.Context, q func() reflect.Value) map[string]error {
	out := map[string]error{}
	for _, way := range []string{"All", "Count", "Exist", "IDs", "First", "FirstID", "Only", "OnlyID"} {
		out[way] = failure(call(q(), way, ctx))
	}
	out["Select"] = failure(call(call(q(), "Select", "id")[0], "Strings", ctx))
	out["GroupBy"] = failure(call(call(q(), "GroupBy", "id")[0], "Strings", ctx))
	var v []struct{ Count int }
	out["GroupBy.Aggregate"] = failure(call(call(call(q(), "GroupBy", "created_at")[0], "Aggregate", ent.AggregateFunc(ent.Count()))[0], "Scan", ctx, &v))
	out["Aggregate"] = failure(call(call(q(), "Aggregate", ent.AggregateFunc(ent.Max("id")))[0], "Strings", ctx))
	out["ForDeed"] = failure(call(call(q(), "ForDeed")[0], "All", ctx))
	return out
}

// writes tries every way to write rows of a type.
func writes(ctx context.Context, c *ent.Client, typ, id string) map[string]error {
	client := clientOf(c, typ)
	create := call(client, "Create")[0]
	many := client.MethodByName("CreateBulk").Call([]reflect.Value{call(client, "Create")[0], call(client, "Create")[0]})[0]
	return map[string]error{
		"create":      failure(call(create, "Exec", ctx)),
		"create many": failure(call(many, "Exec", ctx)),
		"update":      failure(call(call(client, "Update")[0], "Exec", ctx)),
		"update one":  failure(call(call(client, "UpdateOneID", id)[0], "Exec", ctx)),
		"delete":      failure(call(call(client, "Delete")[0], "Exec", ctx)),
		"delete one":  failure(call(call(client, "DeleteOneID", id)[0], "Exec", ctx)),
	}
}

func withoutAGateNothing(t *testing.T, w *world) {
	c := w.App.Store.Client
	bare := context.Background()
	for _, typ := range typesOf(c) {
		for who, ctx := range map[string]context.Context{"no viewer": bare, "a viewer without a gate": viewer.With(bare, viewer.Viewer{Kind: viewer.User, UserID: w.ada.ID})} {
			for way, err := range refusals(ctx, func() reflect.Value { return queryOf(c, typ) }) {
				if no := (*lock.DeniedError)(nil); !errors.As(err, &no) {
					t.Errorf("%s: %s of %s says %v, want a denial of the lock", who, way, typ, err)
				}
			}
		}
		for who, ctx := range map[string]context.Context{"no viewer": bare, "a viewer": as(w.Server, w.ada)} {
			for way, err := range writes(ctx, c, typ, w.all[typ][0]) {
				if no := (*lock.DeniedError)(nil); !errors.As(err, &no) {
					t.Errorf("%s without a permit: %s of %s says %v, want a denial of the lock", who, way, typ, err)
				}
			}
		}
	}
}

func anonymousSeesNothing(t *testing.T, w *world) {
	c := w.App.Store.Client
	for who, v := range map[string]viewer.Viewer{
		"nobody": {}, "an operator": {Kind: viewer.Operator, UserID: w.ada.ID}, "somebody without an id": {Kind: viewer.User, Email: w.ada.Email},
	} {
		ctx := w.App.Guard.Enter(context.Background(), v)
		for typ := range w.sees {
			for way, err := range refusals(ctx, func() reflect.Value { return queryOf(c, typ) }) {
				if !fault.Is(err, fault.CodeUnauthenticated) {
					t.Errorf("%s: %s of %s says %v, want UNAUTHENTICATED", who, way, typ, err)
				}
			}
		}
	}
}

func narrowedToNothingSeesNothing(t *testing.T, w *world) {
	ctx := w.App.Guard.Enter(context.Background(), viewer.Viewer{
		Kind: viewer.User, UserID: w.ada.ID, Email: w.ada.Email, EmailVerified: true, Narrow: []string{},
	})
	for typ := range w.sees {
		all := func() reflect.Value { return queryOf(w.App.Store.Client, typ) }
		for way, got := range answers(t, ctx, all) {
			if len(got) != 0 {
				t.Errorf("%s of %s gives %v", way, typ, got)
			}
		}
		bounds(t, ctx, all, nil)
	}
}
