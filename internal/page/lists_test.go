package page_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyhall/keyhall/internal/apptest"
)

const pages = `query($first: Int, $after: Cursor, $last: Int, $before: Cursor, $field: APIKeyOrderField!, $direction: OrderDirection!, $filter: APIKeyFilter) {
	apiKeys(first: $first, after: $after, last: $last, before: $before, orderBy: {field: $field, direction: $direction}, filter: $filter) {
		totalCount edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`

// kept is a key as the database holds it.
type kept struct {
	id, name      string
	created, used int64
}

// columns are the orders of the promise: by the column, then by id.
func columns(field string) func(a, b kept) int {
	return func(a, b kept) int {
		switch field {
		case "NAME":
			return strings.Compare(a.name, b.name) // byte by byte, on both databases
		case "CREATED_AT":
			return int(a.created - b.created)
		}
		return int(a.used - b.used)
	}
}

// ordered is the list in its order: ties are broken by id, in the list's direction.
func ordered(rows []kept, field string, descending bool) []string {
	compare := columns(field)
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b kept) int {
		c := compare(a, b)
		if c == 0 {
			c = strings.Compare(a.id, b.id)
		}
		if descending {
			c = -c
		}
		return c
	})
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.id
	}
	return ids
}

// library is somebody with keys whose names, times and uses are often the same.
func library(t *testing.T, s *apptest.Server, n int) (*apptest.Actor, []kept) {
	t.Helper()
	ada := s.Actor(t, "ada")
	names := []string{"a", "A", "aa", "Z", "z", "é", "e", "ß", "_", "-", "10", "9", "Ω", "日本", "\U0001F511", "a b", "a-b"}
	rows := make([]kept, n)
	for i := range rows {
		r := kept{id: ada.CreateKey(t, "x", "", "PROJECT").ID, name: names[(i*7)%len(names)], created: 1_700_000_000_000_000 + int64(i*i%5), used: int64(i*3%4) * 1_000_000}
		s.SQL(t, "UPDATE api_keys SET name = ?, created_at = ?, last_used_at = ? WHERE id = ?", r.name, r.created, r.used, r.id)
		rows[i] = r
	}
	return ada, rows
}

type onePage struct {
	ids, cursors   []string
	next, previous bool
	total          float64
}

func read(t rapid.TB, out apptest.Answer) onePage {
	t.Helper()
	if out.Code() != "" {
		t.Fatalf("a page answers %s", out.Body)
	}
	var p onePage
	edges, _ := out.At("apiKeys", "edges").([]any)
	for i := range edges {
		p.ids = append(p.ids, out.Text("apiKeys", "edges", i, "node", "id"))
		p.cursors = append(p.cursors, out.Text("apiKeys", "edges", i, "cursor"))
		if out.Text("apiKeys", "nodes", i, "id") != p.ids[i] {
			t.Fatalf("nodes and edges differ: %s", out.Body)
		}
	}
	p.next, _ = out.At("apiKeys", "pageInfo", "hasNextPage").(bool)
	p.previous, _ = out.At("apiKeys", "pageInfo", "hasPreviousPage").(bool)
	p.total, _ = out.At("apiKeys", "totalCount").(float64)
	if len(edges) > 0 && (out.Text("apiKeys", "pageInfo", "startCursor") != p.cursors[0] || out.Text("apiKeys", "pageInfo", "endCursor") != p.cursors[len(edges)-1]) {
		t.Fatalf("startCursor and endCursor are not those of the page: %s", out.Body)
	}
	if len(edges) == 0 && (out.At("apiKeys", "pageInfo", "startCursor") != nil || out.At("apiKeys", "pageInfo", "endCursor") != nil) {
		t.Fatalf("an empty page has cursors: %s", out.Body)
	}
	return p
}

// walk reads a whole list page by page, each of a size that is drawn.
func walk(rt *rapid.T, t *testing.T, a *apptest.Actor, vars apptest.Vars, backward bool, want int) []string {
	var ids []string
	size, cursor := "first", "after"
	if backward {
		size, cursor = "last", "before"
	}
	for range want + 2 {
		asked := apptest.Vars{size: rapid.IntRange(1, 9).Draw(rt, "size")}
		for k, v := range vars {
			asked[k] = v
		}
		if len(ids) > 0 {
			asked[cursor] = vars["cursor"]
		}
		delete(asked, "cursor")
		p := read(rt, a.Do(t, pages, asked))
		more := p.next
		if backward {
			more = p.previous
			ids = append(slices.Clone(p.ids), ids...)
		} else {
			ids = append(ids, p.ids...)
		}
		if p.total != float64(want) || len(p.ids) > asked[size].(int) || len(p.ids) == 0 && more {
			rt.Fatalf("a page of %v has %d rows of %v", asked[size], len(p.ids), p.total)
		}
		if !more {
			return ids
		}
		if backward {
			vars["cursor"] = p.cursors[0]
		} else {
			vars["cursor"] = p.cursors[len(p.cursors)-1]
		}
	}
	rt.Fatalf("the list does not end: %d rows of %d", len(ids), want)
	return nil
}

func TestThePagesOfAListJoinedAreTheList(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, rows := library(t, s, 41)
		ada.Share(t, rows[3].id, s.Actor(t, "ben"), "ADMIN")
		rapid.Check(t, func(rt *rapid.T) {
			field := rapid.SampledFrom([]string{"NAME", "CREATED_AT", "LAST_USED_AT"}).Draw(rt, "field")
			descending, backward := rapid.Bool().Draw(rt, "descending"), rapid.Bool().Draw(rt, "backward")
			listed := rows
			vars := apptest.Vars{"field": field, "direction": map[bool]string{true: "DESC", false: "ASC"}[descending]}
			if rapid.Bool().Draw(rt, "filtered") {
				vars["filter"] = apptest.Vars{"query": "a"}
				listed = slices.DeleteFunc(slices.Clone(rows), func(r kept) bool { return !strings.Contains(strings.ToLower(r.name), "a") })
			}
			want := ordered(listed, field, descending)
			if got := walk(rt, t, ada, vars, backward, len(want)); !slices.Equal(got, want) {
				rt.Fatalf("by %s, descending %v, backward %v:\n%v\nwant\n%v", field, descending, backward, naming(rows, got), naming(rows, want))
			}
		})
	})
}

func naming(rows []kept, ids []string) []string {
	var out []string
	for _, id := range ids {
		i := slices.IndexFunc(rows, func(r kept) bool { return r.id == id })
		out = append(out, fmt.Sprintf("%s/%d/%d/%s", rows[i].name, rows[i].created%10, rows[i].used/1_000_000, id[26:]))
	}
	return out
}

// Every window between two rows, by the words of Relay: first counts after the cursor, last counts before it.
func TestAnyWindowOfAListIsThatPartOfIt(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, rows := library(t, s, 23)
		whole := map[string]onePage{}
		rapid.Check(t, func(rt *rapid.T) {
			field := rapid.SampledFrom([]string{"NAME", "CREATED_AT", "LAST_USED_AT"}).Draw(rt, "field")
			direction := rapid.SampledFrom([]string{"ASC", "DESC"}).Draw(rt, "direction")
			if _, ok := whole[field+direction]; !ok {
				whole[field+direction] = read(rt, ada.Do(t, pages, apptest.Vars{"first": 100, "field": field, "direction": direction}))
			}
			all := whole[field+direction]
			if !slices.Equal(all.ids, ordered(rows, field, direction == "DESC")) || all.next || all.previous {
				rt.Fatalf("the whole list by %s %s is %v", field, direction, naming(rows, all.ids))
			}
			n, at := rapid.IntRange(1, 30).Draw(rt, "size"), rapid.IntRange(0, len(all.ids)-1).Draw(rt, "at")
			vars := apptest.Vars{"field": field, "direction": direction}
			var want []string
			more := false
			backward := rapid.Bool().Draw(rt, "backward")
			if backward {
				vars["last"], vars["before"] = n, all.cursors[at]
				want, more = all.ids[max(0, at-n):at], at-n > 0
			} else {
				vars["first"], vars["after"] = n, all.cursors[at]
				want, more = all.ids[at+1:min(len(all.ids), at+1+n)], at+1+n < len(all.ids)
			}
			p := read(rt, ada.Do(t, pages, vars))
			if !slices.Equal(p.ids, want) {
				rt.Fatalf("%v:\n%v\nwant\n%v", vars, naming(rows, p.ids), naming(rows, want))
			}
			if backward && p.previous != more || !backward && p.next != more {
				rt.Fatalf("%v: hasNextPage %v, hasPreviousPage %v, and more rows: %v", vars, p.next, p.previous, more)
			}
		})
	})
}

// A row that is gone is no reason to lose one's place, and a row that comes is no reason to see another twice.
func TestAPlaceInAListOutlivesItsRow(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, rows := library(t, s, 15)
		vars := apptest.Vars{"first": 5, "field": "NAME", "direction": "ASC"}
		want := ordered(rows, "NAME", false)
		first := read(t, ada.Do(t, pages, vars))
		ada.Must(t, `mutation($id: ID!) { deleteAPIKey(input: {id: $id}) { deletedId errors { code } } }`, apptest.Vars{"id": first.ids[4]})
		s.SQL(t, "UPDATE api_keys SET name = ? WHERE id = ?", "!", first.ids[0]) // moved to the front, behind the reader's back
		vars["after"], vars["first"] = first.cursors[4], 100
		rest := read(t, ada.Do(t, pages, vars))
		if !slices.Equal(rest.ids, want[5:]) || rest.total != 14 {
			t.Errorf("after a row that is gone:\n%v\nwant\n%v", naming(rows, rest.ids), naming(rows, want[5:]))
		}
	})
}
