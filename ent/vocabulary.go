//go:build ignore

package main

import (
	"encoding/json"
	"fmt"
	"os"

	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"
)

// The words that a policy may use of each type: its columns and its edges. Hidden types have none.
type (
	entity struct {
		Table  string            `json:"table"`
		Prefix string            `json:"prefix"`
		Hidden bool              `json:"hidden,omitempty"`
		Fields map[string]column `json:"fields,omitempty"`
		Edges  map[string]edge   `json:"edges,omitempty"`
	}
	column struct {
		Column   string `json:"column"`
		Kind     string `json:"kind"`
		Nullable bool   `json:"nullable,omitempty"`
	}
	edge struct {
		To       string `json:"to"`
		Rel      string `json:"rel"`
		Column   string `json:"column"`
		Nullable bool   `json:"nullable,omitempty"`
	}
)

func writeVocabulary(path string) gen.Hook {
	return func(next gen.Generator) gen.Generator {
		return gen.GenerateFunc(func(g *gen.Graph) error {
			words := map[string]entity{}
			for _, n := range g.Nodes {
				e, err := describe(n)
				if err != nil {
					return err
				}
				words[n.Name] = e
			}
			b, err := json.MarshalIndent(words, "", "  ")
			if err != nil {
				return err
			}
			if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
				return err
			}
			return next.Generate(g)
		})
	}
}

func describe(n *gen.Type) (entity, error) {
	prefix, hidden := identity(n)
	if prefix == "" {
		return entity{}, fmt.Errorf("%s: its schema must embed base or sealed", n.Name)
	}
	e := entity{Table: n.Table(), Prefix: prefix, Hidden: hidden}
	if hidden {
		return e, nil
	}
	e.Fields = map[string]column{"id": {Column: n.ID.StorageKey(), Kind: "string"}}
	for _, f := range n.Fields {
		if kind, ok := kindOf(f); ok && !f.Sensitive() {
			e.Fields[f.Name] = column{Column: f.StorageKey(), Kind: kind, Nullable: f.Nillable}
		}
	}
	e.Edges = map[string]edge{}
	for _, x := range n.Edges {
		if _, hidden := identity(x.Type); hidden || x.M2M() || x.O2O() {
			continue
		}
		rel := "O2M"
		if x.M2O() {
			rel = "M2O"
		}
		e.Edges[x.Name] = edge{To: x.Type.Name, Rel: rel, Column: x.Rel.Column(), Nullable: x.M2O() && x.Optional}
	}
	return e, nil
}

func identity(n *gen.Type) (prefix string, hidden bool) {
	a, _ := n.Annotations["Identity"].(map[string]any)
	prefix, _ = a["Prefix"].(string)
	hidden, _ = a["Hidden"].(bool)
	return prefix, hidden
}

// kindOf tells what Rego sees of a column; columns of other kinds (JSON, bytes) are not in the vocabulary.
func kindOf(f *gen.Field) (string, bool) {
	switch {
	case f.IsBool():
		return "bool", true
	case f.Type.Type == field.TypeString || f.IsEnum():
		return "string", true
	case f.Type.Type == field.TypeInt || f.Type.Type == field.TypeInt64:
		return "int", true
	}
	return "", false
}
