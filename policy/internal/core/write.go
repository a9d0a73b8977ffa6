package core

import (
	"maps"
	"slices"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"
)

// AnyColumn stands in a Write for all columns; only for creates, whose pins bind the row to its deed.
const AnyColumn = "*"

// Pins bind the rows of a Write: column -> the value it must have.
type Pins map[string]any

// Write is one kind of row change that a permit or a duty allows.
type Write struct {
	Type    string   // Ent type
	Ops     ent.Op   // operations
	Columns []string // columns that may be set; edges count as their column
	Pins    Pins     // a create must set them, an update or a delete gets them ANDed
	To      Pins     // an update may set these columns to these values and to no others

	Rows func(*sql.Selector) // ANDed to an update or a delete too; nil: the pins say it all
}

// Create allows new rows that the pins bind.
func Create(typ string, p Pins) Write {
	return Write{Type: typ, Ops: ent.OpCreate, Columns: []string{AnyColumn}, Pins: p}
}

// Update allows the named columns of the pinned rows to change.
func Update(typ string, p Pins, columns ...string) Write {
	return Write{Type: typ, Ops: ent.OpUpdate | ent.OpUpdateOne, Columns: columns, Pins: p}
}

// Move allows the pinned rows to get these values, and no others.
func Move(typ string, p, to Pins) Write {
	return Write{Type: typ, Ops: ent.OpUpdate, Columns: slices.Sorted(maps.Keys(to)), Pins: p, To: to}
}

// Delete allows the pinned rows to go.
func Delete(typ string, p Pins) Write {
	return Write{Type: typ, Ops: ent.OpDelete | ent.OpDeleteOne, Pins: p}
}
