package graph_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/keyhall/keyhall/policy"
)

// noun is the type of thing that the table is about.
const noun = "api_key."

// mark is one cell of testdata/api_key_matrix.txt; what each letter means is said there.
type mark string

const (
	cellDone      mark = "y"
	cellSame      mark = "="
	cellPersonal  mark = "P"
	cellExpired   mark = "X"
	cellForbidden mark = "F"
	cellImmutable mark = "O"
	cellHidden    mark = "N"
	cellAnonymous mark = "U"
	cellNobody    mark = "-"
	cellAsBefore  mark = "."
)

// held says that viewerCan lists the permission.
func (m mark) held() bool {
	return m == cellDone || m == cellSame || m == cellExpired
}

// code is how the server answers; empty when it does what it is asked.
func (m mark) code() string {
	return map[mark]string{
		cellPersonal: "PERSONAL_KEY_NOT_SHAREABLE", cellExpired: "KEY_EXPIRED", cellImmutable: "OWNER_IMMUTABLE",
		cellForbidden: "FORBIDDEN", cellHidden: "NOT_FOUND", cellAnonymous: "UNAUTHENTICATED",
	}[m]
}

// matrix is the table: people are its columns, permissions its rows.
type matrix struct {
	people, permissions []string
	states              []*keyState
}

// keyState is the table of one state of a key: cells by permission and person.
type keyState struct {
	name  string
	cells map[string]map[string]mark
}

// held lists what viewerCan has to say to somebody, in order.
func (s *keyState) held(person string) []string {
	out := []string{}
	for permission, row := range s.cells {
		if row[person].held() {
			out = append(out, noun+permission)
		}
	}
	slices.Sort(out)
	return out
}

func readMatrix(t testing.TB) *matrix {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "api_key_matrix.txt"))
	if err != nil {
		t.Fatal(err)
	}
	m := &matrix{}
	for i, line := range strings.Split(string(text), "\n") {
		if err := m.read(line); err != nil {
			t.Fatalf("testdata/api_key_matrix.txt:%d: %v", i+1, err)
		}
	}
	return m
}

func (m *matrix) read(line string) error {
	fields := slices.DeleteFunc(strings.Fields(line), func(f string) bool { return f == "|" })
	switch {
	case len(fields) == 0 || strings.HasPrefix(line, "#"):
		return nil
	case fields[0] == "state":
		return m.begin(strings.TrimSuffix(fields[1], ":"), fields[2:])
	case fields[0] == "owner":
		if m.people == nil {
			m.people = fields
		}
		if !slices.Equal(m.people, fields) {
			return fmt.Errorf("other columns than above: %v", fields)
		}
		return nil
	}
	return m.row(fields[0], fields[1:])
}

// begin starts a state: "state expired: as active, but".
func (m *matrix) begin(name string, like []string) error {
	s := &keyState{name: name, cells: map[string]map[string]mark{}}
	if len(like) > 1 {
		other := strings.TrimSuffix(like[1], ",")
		at := slices.IndexFunc(m.states, func(s *keyState) bool { return s.name == other })
		if at < 0 {
			return fmt.Errorf("there is no state %q above", other)
		}
		for permission, row := range m.states[at].cells {
			s.cells[permission] = map[string]mark{}
			for person, cell := range row {
				s.cells[permission][person] = cell
			}
		}
	}
	m.states = append(m.states, s)
	return nil
}

// row reads the cells of one permission, or of everything.
func (m *matrix) row(permission string, cells []string) error {
	if len(cells) != len(m.people) {
		return fmt.Errorf("%d cells for %d columns", len(cells), len(m.people))
	}
	rows := []string{permission}
	switch {
	case permission == "everything":
		rows = m.permissions
	case len(m.states) == 1:
		m.permissions = append(m.permissions, permission)
	case !slices.Contains(m.permissions, permission):
		return fmt.Errorf("the first state does not speak of %s", permission)
	}
	s := m.states[len(m.states)-1]
	for _, row := range rows {
		if s.cells[row] == nil {
			s.cells[row] = map[string]mark{}
		}
		for i, cell := range cells {
			if !strings.Contains("y=PXFONU-.", cell) || len(cell) != 1 {
				return fmt.Errorf("what is %q?", cell)
			}
			if mark(cell) != cellAsBefore {
				s.cells[row][m.people[i]] = mark(cell)
			}
		}
	}
	return nil
}

// A slip of the pen: who does not see a key has nothing else on it, and every state speaks of everybody.
//
//keyhall:norace
func TestTheRoleMatrixIsWrittenConsistently(t *testing.T) {
	t.Parallel()
	m := readMatrix(t)
	for _, s := range m.states {
		for _, permission := range m.permissions {
			for _, person := range m.people {
				cell, view := s.cells[permission][person], s.cells["view"][person]
				if cell == "" {
					t.Errorf("%s says nothing of %s for %s", s.name, permission, person)
				}
				if view != cellDone && cell != view {
					t.Errorf("%s: %s has %q on %s and %q on view", s.name, person, cell, permission, view)
				}
			}
		}
	}
	t.Logf("%d states of %d permissions for %d people: %d cells", len(m.states), len(m.permissions), len(m.people),
		len(m.states)*len(m.permissions)*len(m.people))
}

// Design, section 6: every rule has its row in the matrix, and every mutation names a rule that has one.
//
//keyhall:norace
func TestTheRoleMatrixIsComplete(t *testing.T) {
	t.Parallel()
	rows := readMatrix(t).permissions
	law, err := policy.Load(t.Context(), policy.Options{Modules: policy.Law(), Dialect: dialect.SQLite, Proven: true})
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, p := range law.Permissions() {
		if rest, ok := strings.CutPrefix(string(p.Name), noun); ok {
			rules = append(rules, rest)
		}
	}
	sameNames(t, "rows of the matrix", rows, "rules of the law", rules)
	mutations, fields := namedInSchema(t)
	mutations = append(mutations, "edit_limits") // updateLimits names none: it is of projects and organizations too
	// On a key of a project it is INVALID for its owner, which no cell says: TestAPersonalKeyMovesToAProject.
	mutations = slices.DeleteFunc(mutations, func(permission string) bool { return permission == "move" })
	var driven []string
	for permission := range deeds() {
		driven = append(driven, permission)
	}
	sameNames(t, "mutations that the matrix drives", driven, "mutations of the schema", mutations)
	read := []string{"view_sharing", "view_security", "view_stats", "view_billing"}
	sameNames(t, "fields that the matrix reads", read, "gated fields of the schema", fields)
	for _, permission := range slices.Concat(mutations, fields) {
		if !slices.Contains(rows, permission) {
			t.Errorf("the schema names %s, which has no row", permission)
		}
	}
}

func sameNames(t *testing.T, left string, a []string, right string, b []string) {
	t.Helper()
	for _, x := range a {
		if !slices.Contains(b, x) {
			t.Errorf("%s is among the %s and not among the %s", x, left, right)
		}
	}
	for _, x := range b {
		if !slices.Contains(a, x) {
			t.Errorf("%s is among the %s and not among the %s", x, right, left)
		}
	}
}

// namedInSchema lists what @permission names of keys: on mutations, and on fields of what is read.
func namedInSchema(t *testing.T) (mutations, fields []string) {
	t.Helper()
	files, err := filepath.Glob("schema/*.graphqls")
	if err != nil || len(files) == 0 {
		t.Fatalf("find the schema: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := parser.ParseSchema(&ast.Source{Name: file, Input: string(text)})
		if err != nil {
			t.Fatal(err)
		}
		for _, typ := range slices.Concat(doc.Definitions, doc.Extensions) {
			for _, field := range typ.Fields {
				permission, ok := permissionOf(field)
				switch {
				case !ok:
				case typ.Name == "Mutation":
					mutations = append(mutations, permission)
				default:
					fields = append(fields, permission)
				}
			}
		}
	}
	return mutations, fields
}

func permissionOf(field *ast.FieldDefinition) (string, bool) {
	d := field.Directives.ForName("permission")
	if d == nil {
		return "", false
	}
	return strings.CutPrefix(d.Arguments.ForName("name").Value.Raw, noun)
}
