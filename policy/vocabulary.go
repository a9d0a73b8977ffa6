package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// Kind is the type of a column or of a fact of the request. Times are Int: microseconds since 1970.
type Kind string

// The kinds that mean the same in Rego, SQLite and PostgreSQL.
const (
	String Kind = "string"
	Int    Kind = "int"
	Bool   Kind = "bool"
)

// Rel is how an edge reaches its rows.
type Rel string

// The column of a ToMany edge is in the other table, that of a ToOne edge in the own one.
const (
	ToMany Rel = "O2M"
	ToOne  Rel = "M2O"
)

// primaryKey is the name of the key of every type, in Rego and in the database.
const primaryKey = "id"

// Vocabulary is what rules may speak of: the tables, columns and edges that the Ent schema generates.
type Vocabulary map[string]Entity

// Entity is one Ent type. A hidden one can not be reached from any rule.
type Entity struct {
	Table  string           `json:"table"`
	Fields map[string]Field `json:"fields"`
	Edges  map[string]Edge  `json:"edges"`
	Hidden bool             `json:"hidden"`
}

// Field is a column.
type Field struct {
	Column   string `json:"column"`
	Kind     Kind   `json:"kind"`
	Nullable bool   `json:"nullable"`
}

// Edge leads to rows of another type. A ToOne edge must be a foreign key that the database enforces: a row that is
// read only for its id is then not joined.
type Edge struct {
	To       string `json:"to"`
	Rel      Rel    `json:"rel"`
	Column   string `json:"column"`
	Nullable bool   `json:"nullable"`
}

// ParseVocabulary reads the generated vocabulary and checks that it is whole.
func ParseVocabulary(text []byte) (Vocabulary, error) {
	var v Vocabulary
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("policy: read the vocabulary: %w", err)
	}
	return v, v.check()
}

func (v Vocabulary) check() error {
	var errs []error
	name := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) // names become JSON keys and identifiers
	for typ, entity := range v {
		if entity.Hidden {
			continue
		}
		if entity.Table == "" || entity.Fields[primaryKey].Kind != String || entity.Fields[primaryKey].Nullable {
			errs = append(errs, fmt.Errorf("policy: vocabulary: %s needs a table and a text column %q that is never NULL", typ, primaryKey))
		}
		for f, field := range entity.Fields {
			if !name.MatchString(f) || field.Column == "" || field.Kind != String && field.Kind != Int && field.Kind != Bool {
				errs = append(errs, fmt.Errorf("policy: vocabulary: %s.%s needs a column and a kind", typ, f))
			}
		}
		for e, edge := range entity.Edges {
			to, known := v[edge.To]
			_, clash := entity.Fields[e]
			switch {
			case !known || to.Hidden:
				errs = append(errs, fmt.Errorf("policy: vocabulary: %s.%s leads to %q, which no rule may read", typ, e, edge.To))
			case !name.MatchString(e) || edge.Rel != ToMany && edge.Rel != ToOne || edge.Column == "":
				errs = append(errs, fmt.Errorf("policy: vocabulary: %s.%s needs a column and a relation", typ, e))
			case clash:
				errs = append(errs, fmt.Errorf("policy: vocabulary: %s.%s is a column and an edge", typ, e))
			}
		}
	}
	return errors.Join(errs...)
}
