package graph_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// What an event shows of a thing is what a query shows the same person at that moment, down to what is refused; and whoever
// a query hides the thing from is told of none of its deeds.
//
//keyhall:norace
func TestAnEventShowsWhatAQueryShows(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		e := newEstate(t, s)
		of := "resource { " + idorAny() + " }"
		streams := map[string]*apptest.Stream{}
		for _, name := range []string{"ada", "ben", "cleo", "dev", "gus", "hal", "ida", "eve"} {
			streams[name] = e.person(name).Stream(t, "subscription { accessChanged { kind resourceId permissions "+of+" } }", nil)
			streams[name].Next(t)
		}
		const rename = `mutation($id: ID!, $name: String!) { updateAPIKey(input: {id: $id, name: $name}) { errors { code } } }`
		for _, k := range []struct{ id, seen string }{
			{e.key.ID, "ada ben cleo hal ida"}, {e.spare.ID, "ada hal ida"}, {e.private.ID, "ada"},
		} {
			e.ada.Must(t, rename, apptest.Vars{"id": k.id, "name": leakWord + " anew"})
			for _, name := range strings.Fields(k.seen) {
				event := streams[name].Next(t)
				now := e.person(name).Do(t, "query($id: ID!) { resource: node(id: $id) { "+idorAny()+" } }", apptest.Vars{"id": k.id})
				if event.Text("accessChanged", "resourceId") != k.id || event.Text("accessChanged", "kind") != "CHANGED" {
					t.Errorf("%s is told %s", name, event.Body)
				}
				if got, want := asText(event.At("accessChanged", "resource")), asText(now.At("resource")); got != want || len(got) < 100 {
					t.Errorf("%s: an event shows\n%s\na query\n%s", name, got, want)
				}
				if got, want := allCodes(event), allCodes(now); !slices.Equal(sorted(got), sorted(want)) {
					t.Errorf("%s: an event refuses %v, a query %v", name, got, want)
				}
				if got, want := event.At("accessChanged", "permissions"), now.At("resource", "viewerCan"); asText(got) != asText(want) {
					t.Errorf("%s may %v by the event, %v by the query", name, got, want)
				}
			}
		}
		for name, stream := range streams {
			own := e.person(name).CreateKey(t, "Own", "", "PERSONAL")
			if a := stream.Next(t); a.Text("accessChanged", "resourceId") != own.ID || name != "ada" && strings.Contains(a.Body, leakWord) {
				t.Errorf("%s is told %s", name, a.Body)
			}
		}
	})
}

func asText(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
