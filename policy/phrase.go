package policy

import (
	"strconv"
	"strings"
	"sync"

	"entgo.io/ent/dialect"
)

// maxBefore is how many arguments may stand before a phrase whose text is kept. On PostgreSQL each number of them is another text.
const maxBefore = 32

// phrase is a condition on the rows of a query of Ent. Its text is put together once, for each name that Ent gives the table:
// written piece by piece at each query it took longer than a database takes to find a few rows.
type phrase struct {
	dialect string
	program program
	root    string   // a column of the resource; empty: the condition speaks of none
	texts   sync.Map // by their wording
}

type wording struct {
	qualifier string // of the columns of the resource, with its dot
	before    int
}

func newPhrase(dialect string, p program) *phrase {
	out := &phrase{dialect: dialect, program: p}
	for _, piece := range p {
		if piece.root != "" {
			out.root = piece.root
			break
		}
	}
	return out
}

// on is the phrase in a query, in which name qualifies a column of the resource.
func (p *phrase) on(name func(string) string, args []any) *spoken {
	out := &spoken{phrase: p, args: args}
	if p.root != "" {
		out.qualifier = strings.TrimSuffix(name(p.root), quoted(p.dialect, p.root))
	}
	return out
}

func (p *phrase) text(w wording) string {
	if p.dialect != dialect.Postgres {
		w.before = 0 // its placeholders have no numbers
	}
	if text, ok := p.texts.Load(w); ok {
		return text.(string)
	}
	text := p.write(w)
	if w.before <= maxBefore {
		p.texts.Store(w, text)
	}
	return text
}

func (p *phrase) write(w wording) string {
	var b strings.Builder
	b.WriteByte('(')
	n := w.before
	for _, piece := range p.program {
		b.WriteString(piece.text)
		if piece.root != "" {
			b.WriteString(w.qualifier + quoted(p.dialect, piece.root))
		}
		if piece.hole != nil {
			n++
			b.WriteString(placeholder(p.dialect, n))
		}
	}
	b.WriteByte(')')
	return b.String()
}

func placeholder(name string, n int) string {
	if name == dialect.Postgres {
		return "$" + strconv.Itoa(n)
	}
	return "?"
}

// spoken is a phrase with the arguments of one query. Ent tells it how many arguments stand before it.
type spoken struct {
	phrase    *phrase
	qualifier string
	before    int
	args      []any
}

func (s *spoken) Dialect() string     { return s.phrase.dialect }
func (s *spoken) SetDialect(_ string) {} // that it is the phrase's own is looked at before
func (s *spoken) Total() int          { return s.before }
func (s *spoken) SetTotal(n int)      { s.before = n }

// Query implements Ent's Querier.
func (s *spoken) Query() (string, []any) {
	return s.phrase.text(wording{s.qualifier, s.before}), s.args
}
