package policy

import "testing"

// TestNodesAreTheSameWhereTheyMeanTheSame: what is compared by meaning is merged and asked once, so a pair that is told to
// be the same and is not would be a hole.
func TestNodesAreTheSameWhereTheyMeanTheSame(t *testing.T) {
	t.Parallel()
	thing := &row{entity: Entity{Table: "things"}}
	is := func(r *row, name string, value any) node {
		return comparison{equal, column{row: r, field: Field{Column: name}}, literal{value}}
	}
	grant := func(of *row) *row {
		return &row{entity: Entity{Table: "grants"}, parent: of, from: keyOf(of), to: "thing_id"}
	}
	some := func(where func(*row) node) exists {
		r := grant(thing)
		return exists{rows: []*row{r}, where: where(r)}
	}
	two := func(first, second string) exists { // two grants of one thing, each to somebody
		a, b := grant(thing), grant(thing)
		return exists{rows: []*row{a, b}, where: conjunction{is(a, "to", first), is(b, "to", second)}}
	}
	ann, bob := is(thing, "owner", "ann"), is(thing, "owner", "bob")
	toAnn := some(func(r *row) node { return is(r, "to", "ann") })
	inner := func(outer bool) exists { // a grant beside which there is another with the role of this one, or of that one
		return some(func(r *row) node {
			other := grant(thing)
			whose := other
			if outer {
				whose = r
			}
			return exists{rows: []*row{other}, where: is(whose, "role", "admin")}
		})
	}
	for name, c := range map[string]struct {
		a, b node
		want bool
	}{
		"one thing":                       {ann, is(thing, "owner", "ann"), true},
		"another value":                   {ann, bob, false},
		"a number and its text":           {is(thing, "n", int64(1)), is(thing, "n", "1"), false},
		"another column":                  {ann, is(thing, "creator", "ann"), false},
		"sides of an equality":            {ann, comparison{equal, literal{"ann"}, ann.(comparison).left}, true},
		"sides of an order":               {comparison{less, clock{}, literal{int64(1)}}, comparison{less, literal{int64(1)}, clock{}}, false},
		"parts in another order":          {conjunction{ann, bob}, conjunction{bob, ann}, true},
		"and, or":                         {conjunction{ann, bob}, disjunction{ann, bob}, false},
		"a part twice":                    {conjunction{ann, ann}, conjunction{ann, bob}, false},
		"not":                             {negation{ann}, ann, false},
		"rows that each binds itself":     {toAnn, some(func(r *row) node { return is(r, "to", "ann") }), true},
		"what is said of a bound row":     {toAnn, some(func(r *row) node { return is(r, "to", "bob") }), false},
		"what is said of the row outside": {toAnn, some(func(*row) node { return is(thing, "to", "ann") }), false},
		"two rows":                        {two("ann", "bob"), two("ann", "bob"), true},
		"two rows, one said twice":        {two("ann", "bob"), two("ann", "ann"), false},
		"a row further in":                {inner(false), inner(false), true},
		"a row further in or out":         {inner(false), inner(true), false},
		"a list in another order": {
			membership{clock{}, []literal{{"a"}, {"b"}}}, membership{clock{}, []literal{{"b"}, {"a"}}}, true},
		"a longer list": {membership{clock{}, []literal{{"a"}}}, membership{clock{}, []literal{{"a"}, {"b"}}}, false},
		"texts that begin and end alike": {
			match{clock{}, atStart, "a"}, match{clock{}, atEnd, "a"}, false},
	} {
		if got := same(c.a, c.b); got != c.want {
			t.Errorf("%s: same is %v, want %v", name, got, c.want)
		}
		if got := same(c.b, c.a); got != c.want {
			t.Errorf("%s, the other way round: same is %v, want %v", name, got, c.want)
		}
	}
}
