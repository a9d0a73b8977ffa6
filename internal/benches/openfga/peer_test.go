package openfga

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/oklog/ulid/v2"

	openfgav1 "github.com/openfga/api/proto/openfga/v1"
	parser "github.com/openfga/language/pkg/go/transformer"
	"github.com/openfga/openfga/pkg/server"
	"github.com/openfga/openfga/pkg/storage/migrate"
	"github.com/openfga/openfga/pkg/storage/postgres"
	"github.com/openfga/openfga/pkg/storage/sqlcommon"

	"github.com/keyhall/keyhall/internal/apptest/city"
)

// model is the rule of secret.view. An expiry would be a condition of OpenFGA; here only what is live was written, and a
// disabled group has no members, which leaves OpenFGA less to do.
const model = `model
  schema 1.1
type user
type organization
  relations
    define member: [user]
type group
  relations
    define member: [user]
type secret
  relations
    define organization: [organization]
    define owner: [user]
    define viewer: [user, group#member]
    define can_view: viewer or (owner and member from organization)
`

// facts are the tuples of a city: object_type, object_id, relation, _user, user_type.
var facts = strings.ReplaceAll(`
	SELECT 'organization', organization_id, 'member', 'user:' || user_id, 'user' FROM organization_members
	UNION ALL SELECT 'group', m.group_id, 'member', 'user:' || m.user_id, 'user' FROM group_members m JOIN groups g ON g.id = m.group_id
		WHERE g.status = 'ENABLED' AND (m.expires_at = 0 OR m.expires_at > NOW)
	UNION ALL SELECT 'secret', id, 'organization', 'organization:' || organization_id, 'user' FROM secrets
	UNION ALL SELECT 'secret', id, 'owner', 'user:' || owner_id, 'user' FROM secrets
	UNION ALL SELECT 'secret', secret_id, 'viewer', 'user:' || user_id, 'user' FROM secret_grants
		WHERE user_id IS NOT NULL AND (expires_at = 0 OR expires_at > NOW)
	UNION ALL SELECT 'secret', secret_id, 'viewer', 'group:' || group_id || '#member', 'userset' FROM secret_grants
		WHERE group_id IS NOT NULL AND (expires_at = 0 OR expires_at > NOW)`,
	"NOW", "(extract(epoch from now()) * 1000000)::bigint")

// peer is an OpenFGA in this process, on the PostgreSQL server that the city is on.
type peer struct {
	*server.Server
	store, model string
	tuples       int
}

func newPeer(t *testing.T, shelf *city.Shelf, k *city.Kept) *peer {
	t.Helper()
	url := database(t, shelf, "openfga")
	if err := migrate.RunMigrations(migrate.MigrationConfig{Engine: "postgres", URI: url, Timeout: time.Minute, PingTimeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	// As many connections as OpenFGA's own server takes: with the four of the library's default its lists wait for each other.
	store, err := postgres.New(url, sqlcommon.NewConfig(sqlcommon.WithMaxOpenConns(30), sqlcommon.WithMaxIdleConns(10)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	// Its own limits would cut the list of who sees many short.
	s, err := server.NewServerWithOpts(server.WithDatastore(store), server.WithListObjectsMaxResults(0), server.WithListObjectsDeadline(time.Minute), server.WithRequestTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	p := &peer{Server: s}
	p.write(t, k, url)
	return p
}

// write makes a store with the model through its API, and copies the facts into it as rows: there are half a million.
func (p *peer) write(t *testing.T, k *city.Kept, url string) {
	t.Helper()
	s, err := p.CreateStore(t.Context(), &openfgav1.CreateStoreRequest{Name: "city"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := parser.TransformDSLToProto(model)
	if err != nil {
		t.Fatal(err)
	}
	w, err := p.WriteAuthorizationModel(t.Context(), &openfgav1.WriteAuthorizationModelRequest{
		StoreId: s.GetId(), SchemaVersion: m.GetSchemaVersion(), TypeDefinitions: m.GetTypeDefinitions(),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.store, p.model = s.GetId(), w.GetAuthorizationModelId()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if p.tuples, err = copyFacts(t.Context(), k.DB, db, p.store); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("VACUUM ANALYZE"); err != nil {
		t.Fatal(err)
	}
}

func copyFacts(ctx context.Context, from, to *sql.DB, store string) (n int, err error) {
	rows, err := from.QueryContext(ctx, facts)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	tx, err := to.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	into, err := tx.PrepareContext(ctx, pq.CopyIn("tuple", "store", "object_type", "object_id", "relation", "_user", "user_type", "ulid", "inserted_at"))
	if err != nil {
		return 0, err
	}
	for ; rows.Next(); n++ {
		var objectType, object, relation, user, userType string
		if err := rows.Scan(&objectType, &object, &relation, &user, &userType); err != nil {
			return n, err
		}
		if _, err := into.ExecContext(ctx, store, objectType, object, relation, user, userType, ulid.Make().String(), time.Now()); err != nil {
			return n, err
		}
	}
	if err := rows.Err(); err != nil {
		return n, err
	}
	if _, err := into.ExecContext(ctx); err != nil {
		return n, err
	}
	if err := into.Close(); err != nil {
		return n, err
	}
	return n, tx.Commit()
}

// database makes an empty database on the city's server.
func database(t *testing.T, shelf *city.Shelf, name string) string {
	t.Helper()
	db, err := sql.Open("postgres", shelf.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, command := range []string{"DROP DATABASE IF EXISTS " + name, "CREATE DATABASE " + name + " TEMPLATE template0"} {
		if _, err := db.Exec(command); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
	}
	return strings.Replace(shelf.Address(), "/postgres?", fmt.Sprintf("/%s?", name), 1)
}

// list returns the ids of all secrets that somebody sees, in no order.
func (p *peer) list(ctx context.Context, user string) ([]string, error) {
	out, err := p.ListObjects(ctx, &openfgav1.ListObjectsRequest{
		StoreId: p.store, AuthorizationModelId: p.model, Type: "secret", Relation: "can_view", User: "user:" + user,
	})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(out.GetObjects()))
	for i, o := range out.GetObjects() {
		ids[i] = strings.TrimPrefix(o, "secret:")
	}
	return ids, nil
}

func (p *peer) check(ctx context.Context, user, secret string) (bool, error) {
	out, err := p.Check(ctx, &openfgav1.CheckRequest{
		StoreId: p.store, AuthorizationModelId: p.model,
		TupleKey: &openfgav1.CheckRequestTupleKey{User: "user:" + user, Relation: "can_view", Object: "secret:" + secret},
	})
	return out.GetAllowed(), err
}
