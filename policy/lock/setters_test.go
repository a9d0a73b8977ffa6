package lock_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/policy/lock"
)

// builder is the update builder of a type: for one row, or for many.
func builder(db *ent.Client, typ string, one bool) reflect.Value {
	client := reflect.ValueOf(db).Elem().FieldByName(typ)
	if one {
		return client.MethodByName("UpdateOneID").Call([]reflect.Value{reflect.ValueOf("absent")})[0]
	}
	return client.MethodByName("Update").Call(nil)[0]
}

// setters are the methods of a builder that change something.
func (c *scene) setters(typ string, one bool) []string {
	var out []string
	b := builder(c.App.Store.Client, typ, one)
	for i := range b.NumMethod() {
		name := b.Type().Method(i).Name
		for _, prefix := range []string{"Set", "Add", "Append", "Clear", "Remove"} {
			if strings.HasPrefix(name, prefix) && b.Method(i).Type().NumIn() <= 1 {
				out = append(out, name)
				break
			}
		}
	}
	return out
}

// try calls one setter and saves; without a setter it deletes. Conditions keep it from touching any row.
func (c *scene) try(t *testing.T, ctx context.Context, typ, setter string, one bool) error {
	t.Helper()
	b := builder(c.App.Store.Client, typ, one)
	if setter == "" {
		b = reflect.ValueOf(c.App.Store.Client).Elem().FieldByName(typ).MethodByName("Delete").Call(nil)[0]
	} else {
		b = set(b, setter)
	}
	where := b.MethodByName("Where")
	b = where.Call([]reflect.Value{reflect.ValueOf(sql.FieldEQ("id", "absent")).Convert(where.Type().In(0).Elem())})[0]
	out := b.MethodByName("Exec").Call([]reflect.Value{reflect.ValueOf(ctx)})
	err, _ := out[len(out)-1].Interface().(error)
	return err
}

// set calls one setter with a sample.
func set(b reflect.Value, setter string) reflect.Value {
	m := b.MethodByName(setter)
	var in []reflect.Value
	if m.Type().NumIn() == 1 {
		in = append(in, sample(m.Type()))
	}
	return m.Call(in)[0]
}

// sample is a value that a setter takes: one element for a variadic one, something that is not zero.
func sample(m reflect.Type) reflect.Value {
	in := m.In(0)
	if m.IsVariadic() {
		in = in.Elem()
	}
	v := reflect.New(in).Elem()
	fill(v)
	return v
}

func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if id := v.Elem(); id.Kind() != reflect.Struct {
			fill(id)
		} else if f := id.FieldByName("ID"); f.IsValid() {
			f.SetString("x")
		}
	}
}

func isDenied(err error) bool {
	no := (*lock.DeniedError)(nil)
	return errors.As(err, &no)
}

// openGate shows every row: the widest gate that there could be.
type openGate struct{}

func (openGate) Rows(context.Context, string) (func(*sql.Selector), error) { return nil, nil }
