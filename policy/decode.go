package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// decode turns the JSON that a statement returned into the value that OPA reads. NULL is an absent key, never null:
// null equals null in Rego, and is less than every number.
func (f *facts) decode(text string) (*ast.Term, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("policy: read the facts: %w", err)
	}
	return f.object(v)
}

func (f *facts) object(v any) (*ast.Term, error) {
	values, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("policy: facts of %s are a %T", f.entity.Table, v)
	}
	out := ast.NewObject()
	for name, field := range f.columns {
		term, err := scalar(values[name], field.Kind)
		if err != nil {
			return nil, fmt.Errorf("policy: facts of %s.%s: %w", f.entity.Table, name, err)
		}
		if term != nil {
			out.Insert(ast.StringTerm(name), term)
		}
	}
	for name, edge := range f.edges {
		term, err := edge.rows(values[name])
		if err != nil {
			return nil, err
		}
		if term != nil {
			out.Insert(ast.StringTerm(name), term)
		}
	}
	return ast.NewTerm(out), nil
}

func (f *facts) rows(v any) (*ast.Term, error) {
	if f.link.Rel == ToOne {
		if v == nil {
			return nil, nil
		}
		return f.object(v)
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("policy: facts of a collection of %s are a %T", f.entity.Table, v)
	}
	terms := make([]*ast.Term, len(list))
	for i := range list {
		term, err := f.object(list[i])
		if err != nil {
			return nil, err
		}
		terms[i] = term
	}
	return ast.ArrayTerm(terms...), nil
}

// scalar checks the type as well: SQLite stores what it is given, and has no booleans.
func scalar(v any, kind Kind) (*ast.Term, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		if kind == String {
			return ast.StringTerm(v), nil
		}
	case bool:
		if kind == Bool {
			return ast.BooleanTerm(v), nil
		}
	case json.Number:
		switch {
		case kind == Int:
			if _, err := v.Int64(); err == nil {
				return ast.NumberTerm(v), nil
			}
		case kind == Bool && (v == "0" || v == "1"):
			return ast.BooleanTerm(v == "1"), nil
		}
	}
	return nil, fmt.Errorf("%T where a %s is expected", v, kind)
}
