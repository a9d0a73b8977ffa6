package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// B19: each column of the list is a filter; together all must hold.
//
//keyhall:norace
func TestSecretsAreFilteredByEveryColumn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		s.JoinOrganization(t, ada.Home, ben, "READER")
		ids := map[string]string{}
		for _, name := range []string{"Cards", "Bank", "Atm", "Late"} {
			ids[name] = ada.AddSecret(t, name, "v")
		}
		ids["Bens"] = ben.AddSecret(t, "Bens", "v")
		ben.ShareSecret(t, ids["Bens"], apptest.Vars{"login": ada.Username}, nil)
		ada.ShareSecret(t, ids["Cards"], apptest.Vars{"login": ben.Username}, nil)
		ada.ShareSecret(t, ids["Late"], apptest.Vars{"login": ben.Username}, nil)
		s.SQL(t, "UPDATE secret_grants SET expires_at = 1 WHERE secret_id = ?", ids["Late"])
		ada.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, url: "https://Bank.example/api", tags: ["prod", "eu"], notes: "ask Zoe"}) { errors { code } } }`, apptest.Vars{"id": ids["Bank"]})
		ada.Must(t, `mutation($id: ID!) { disableSecrets(input: {ids: [$id]}) { errors { code } } }`, apptest.Vars{"id": ids["Atm"]})
		ada.Reveal(t, ids["Cards"])
		for filter, want := range map[string]string{
			``: "Cards Bank Atm Late Bens", `query: "aNk"`: "Bank", `query: "zoe"`: "Bank", `query: "prod"`: "Bank", `query: "pro"`: "", `query: "%"`: "",
			`id: "` + ids["Atm"] + `"`: "Atm", `id: "nothing"`: "", `name: "AR"`: "Cards", `url: "bank.example"`: "Bank", `tag: "eu"`: "Bank", `tag: "e"`: "",
			`owner: "` + strings.ToUpper(ben.Username) + `"`: "Bens", `shared: true`: "Cards Bens", `shared: false`: "Bank Atm Late",
			`ownership: OWNED`: "Cards Bank Atm Late", `ownership: SHARED_WITH_ME`: "Bens", `status: DISABLED`: "Atm", `status: ENABLED`: "Cards Bank Late Bens",
			`usedAfter: "2020-01-01T00:00:00Z"`: "Cards", `usedBefore: "2020-01-01T00:00:00Z"`: "Bank Atm Late Bens",
			`organizationId: "` + ada.Home + `"`: "Cards Bank Atm Late", `organizationId: "` + ben.Home + `"`: "", // which ada does not see
			`shared: true, ownership: OWNED`: "Cards", `name: "` + strings.Repeat("x", 3000) + `"`: "",
		} {
			out := ada.Must(t, `{ secrets(first: 10, filter: {`+filter+`}) { totalCount nodes { name } } }`, nil)
			var got []string
			for i := range out.At("secrets", "nodes").([]any) {
				got = append(got, out.Text("secrets", "nodes", i, "name"))
			}
			if strings.Join(got, " ") != want || out.At("secrets", "totalCount") != float64(len(got)) {
				t.Errorf("%.60s lists %v of %v, want %q", filter, got, out.At("secrets", "totalCount"), want)
			}
		}
	})
}

// B19: in each order, from both ends, page by page, every secret comes once.
//
//keyhall:norace
func TestSecretsArePagedInEveryOrder(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		var made []string
		for i := range 7 {
			made = append(made, ada.AddSecret(t, fmt.Sprint("Secret ", "dbacbaa"[i:i+1]), "v"))
		}
		for i, used := range []int{0, 30, 10, 0, 20, 0, 10} {
			s.SQL(t, "UPDATE secrets SET last_used_at = ? WHERE id = ?", used, made[i])
		}
		orders := map[string][]int{"CREATED_AT": {0, 1, 2, 3, 4, 5, 6}, "NAME": {2, 5, 6, 1, 4, 3, 0}, "LAST_USED_AT": {0, 3, 5, 2, 6, 4, 1}}
		for field, order := range orders {
			for _, direction := range []string{"ASC", "DESC"} {
				var want []string
				for _, i := range order {
					want = append(want, made[i])
				}
				if direction == "DESC" {
					slices.Reverse(want)
				}
				for _, way := range []struct{ size, cursor, next, more string }{{"first", "after", "endCursor", "hasNextPage"}, {"last", "before", "startCursor", "hasPreviousPage"}} {
					var got []string
					var cursor any
					for more := true; more && len(got) < 20; {
						out := ada.Must(t, fmt.Sprintf(`query($c: Cursor) { secrets(%s: 3, %s: $c, orderBy: {field: %s, direction: %s}) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
							way.size, way.cursor, field, direction), apptest.Vars{"c": cursor})
						var page []string
						for i := range out.At("secrets", "nodes").([]any) {
							page = append(page, out.Text("secrets", "nodes", i, "id"))
						}
						if way.size == "first" {
							got = append(got, page...)
						} else {
							got = append(page, got...)
						}
						more, cursor = out.At("secrets", "pageInfo", way.more) == true, out.At("secrets", "pageInfo", way.next)
					}
					if !slices.Equal(got, want) {
						t.Errorf("%s %s, %s: %v, want %v", field, direction, way.size, got, want)
					}
				}
			}
		}
	})
}
