//keyhall:norace
package ent_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/viewer"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// The sweeps of this package walk the generated clients by reflection, so that a new type, edge or method is swept without
// anybody thinking of it.

// typesOf lists every type of the client.
func typesOf(c *ent.Client) []string {
	var out []string
	for typ := range ent.Types() {
		if reflect.ValueOf(c).Elem().FieldByName(typ).IsValid() {
			out = append(out, typ)
		}
	}
	slices.Sort(out)
	return out
}

// clientOf is c.APIKey for "APIKey".
func clientOf(c *ent.Client, typ string) reflect.Value {
	return reflect.ValueOf(c).Elem().FieldByName(typ)
}

func queryOf(c *ent.Client, typ string) reflect.Value { return call(clientOf(c, typ), "Query")[0] }

func call(v reflect.Value, method string, args ...any) []reflect.Value {
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		in[i] = reflect.ValueOf(a)
	}
	return v.MethodByName(method).Call(in)
}

// failure is the error that a call returned last.
func failure(out []reflect.Value) error {
	err, _ := out[len(out)-1].Interface().(error)
	return err
}

// where adds a condition to a query or a mutation builder of any type.
func where(q reflect.Value, p func(*sql.Selector)) reflect.Value {
	m := q.MethodByName("Where")
	return m.Call([]reflect.Value{reflect.ValueOf(p).Convert(m.Type().In(0).Elem())})[0]
}

func hasID(id string) func(*sql.Selector) { return sql.FieldEQ("id", id) }

// idsOf are the sorted ids of the rows that a query gives out.
func idsOf(t *testing.T, ctx context.Context, what string, q reflect.Value) []string {
	t.Helper()
	out := call(q, "All", ctx)
	if err := failure(out); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	return entityIDs(out[0])
}

// idOf is the id of an entity, or the id itself.
func idOf(v reflect.Value) string {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		return v.Elem().FieldByName("ID").String()
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	return ""
}

func entityIDs(entities reflect.Value) []string {
	out := []string{}
	for i := range entities.Len() {
		out = append(out, idOf(entities.Index(i)))
	}
	slices.Sort(out)
	return out
}

// methods of a value whose names begin with prefix and that take n arguments.
func methods(v reflect.Value, prefix string, n int) []string {
	var out []string
	for i := range v.NumMethod() {
		m := v.Type().Method(i)
		if strings.HasPrefix(m.Name, prefix) && v.Method(i).Type().NumIn() == n {
			out = append(out, m.Name)
		}
	}
	return out
}

// typeOf is the Ent type that a query or an entity is of.
func typeOf(v reflect.Value) string {
	return strings.TrimSuffix(v.Type().Elem().Name(), "Query")
}

// as is the ctx of somebody at the door.
func as(s *apptest.Server, a *apptest.Actor) context.Context {
	return s.App.Guard.Enter(context.Background(), viewer.Viewer{
		Kind: viewer.User, UserID: a.ID, Username: a.Username, Email: a.Email, EmailVerified: true,
	})
}

// list runs a SELECT of one text column, named x, behind the curtain.
func list(t *testing.T, s *apptest.Server, query string, args ...any) []string {
	t.Helper()
	together := "group_concat(x, ',')"
	if s.Database == apptest.Postgres {
		together = "string_agg(x, ',')"
	}
	var text string
	s.Row(t, "SELECT COALESCE("+together+", '') FROM ("+query+") AS rows_of_it", args, &text)
	if text == "" {
		return nil
	}
	out := strings.Split(text, ",")
	slices.Sort(out)
	return out
}
