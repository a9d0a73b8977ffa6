package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// whoPages lists everybody who can, each as a name with how, read page by page of a size and in a direction.
func whoPages(t *testing.T, a *apptest.Actor, permission, id string, size int, backward bool) (list []string, total float64) {
	t.Helper()
	const fields = `{ totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
		nodes { paths expiresAt principal { __typename ... on User { username } ... on Group { name description members(first: 1) { totalCount } } } } }`
	ask := `query($p: Permission!, $id: ID!, $n: Int!, $at: Cursor) { whoCan(permission: $p, resourceId: $id, first: $n, after: $at) ` + fields + `}`
	more, next := "hasNextPage", "endCursor"
	if backward {
		ask = strings.NewReplacer("first: $n", "last: $n", "after:", "before:").Replace(ask)
		more, next = "hasPreviousPage", "startCursor"
	}
	vars := apptest.Vars{"p": permission, "id": id, "n": size}
	for range 20 {
		out := a.Do(t, ask, vars)
		var part []string
		nodes, _ := out.At("whoCan", "nodes").([]any)
		for i := range nodes {
			to, _ := out.At("whoCan", "nodes", i, "principal").(map[string]any)
			name := to["username"]
			if to["__typename"] == "Group" {
				name = fmt.Sprint("group ", to["name"], to["description"], to["members"])
			}
			part = append(part, fmt.Sprint(name, out.At("whoCan", "nodes", i, "paths")))
		}
		total, _ = out.At("whoCan", "totalCount").(float64)
		if backward {
			list = append(part, list...)
		} else {
			list = append(list, part...)
		}
		if out.At("whoCan", "pageInfo", more) != true {
			return list, total
		}
		vars["at"] = out.At("whoCan", "pageInfo", next)
	}
	t.Fatal("the pages never end")
	return nil, 0
}

// B13 and no side door: a group whose members one may not see is one entry, in every window of the list, and who has access by it
// alone is neither named nor told apart from who has none.
//
//keyhall:norace
func TestAClosedGroupIsOneEntryOfWhoHasAccess(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev, eve, fay := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev"), s.Actor(t, "eve"), s.Actor(t, "fay")
		for _, member := range []*apptest.Actor{ben, cleo, fay} {
			s.JoinOrganization(t, ada.Home, member, "READER")
		}
		id := ada.AddSecret(t, "Payments", "value")
		team, open := ada.MakeGroup(t, "Team", cleo, dev, eve), secretGroup(t, ada.Home, ben, dev)
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, apptest.Vars{"canEdit": true})
		ada.ShareSecret(t, id, apptest.Vars{"groupId": team}, nil)
		ada.ShareSecret(t, id, apptest.Vars{"groupId": open}, apptest.Vars{"canEdit": true})

		mine := []string{ada.Username + "[owner of the secret]", ben.Username + "[can edit]", dev.Username + "[can edit]"} // and not by the closed group
		want := slices.Concat([]string{"group Team<nil>[group Team (can view)]"}, mine)
		for _, size := range []int{1, 2, 3, 50} {
			for _, backward := range []bool{false, true} {
				if got, total := whoPages(t, ben, "secret.reveal", id, size, backward); !slices.Equal(got, want) || total != 4 {
					t.Errorf("in pages of %d, backward %v: %v of %v, want %v", size, backward, got, total, want)
				}
			}
		}
		whole := slices.Concat([]string{"group G<nil>[group G (can edit)]"}, mine[:2], []string{cleo.Username + "[can view]", dev.Username + "[can view]"}, []string{eve.Username + "[can view]"})
		if got, total := whoPages(t, ada, "secret.reveal", id, 50, false); !slices.Equal(got, whole) || total != 6 {
			t.Errorf("who sees the members of the other group reads %v of %v, want %v", got, total, whole)
		}
		if got, total := whoPages(t, ben, "secret.edit", id, 50, false); !slices.Equal(got, mine) || total != 3 {
			t.Errorf("a group that can view is listed among who can edit: %v of %v", got, total)
		}

		about := func(who *apptest.Actor, permission string) string {
			out := ben.Do(t, explainOther, apptest.Vars{"id": id, "p": permission, "who": who.ID})
			return fmt.Sprint(out.Code(), out.At("explain", "allow"))
		}
		for _, c := range []struct {
			who  *apptest.Actor
			want string
		}{
			{ada, "true"}, {dev, "true"}, // by what is not closed
			{cleo, "FORBIDDEN<nil>"}, {fay, "FORBIDDEN<nil>"}, // in the group, and not: ben sees both
			{eve, "NOT_FOUND<nil>"}, {s.Actor(t, "gus"), "NOT_FOUND<nil>"}, // in the group, and not: ben sees neither
		} {
			if got := about(c.who, "secret.reveal"); got != c.want {
				t.Errorf("ben asks about %s: %q, want %q", c.who.Username, got, c.want)
			}
		}
		if out := ben.Do(t, explainTrace, apptest.Vars{"id": id, "p": "secret.reveal"}); out.At("explain", "allow") != true || out.At("explain", "trace") != nil || out.Code() != "FORBIDDEN" {
			t.Errorf("the trace of a rule that looks into the group: %s", out.Body)
		}

		// a token of ben's own, which sees no grant: every group is closed to it, and no entry opens one
		for _, more := range [][]string{nil, {"secret_grant.view"}, {"group.view_members", "group.view"}} {
			token := narrowed(t, ben, append([]string{"secret.view", "secret.view_sharing", "user.view"}, more...)...)
			for _, p := range []string{"secret.view", "secret.reveal"} {
				list, _ := whoPages(t, token, p, id, 50, false)
				if text := fmt.Sprint(list); strings.Contains(text, cleo.Username) || strings.Contains(text, eve.Username) {
					t.Errorf("a token with %v names who is in the group: %v", more, list)
				}
			}
			for _, who := range []*apptest.Actor{cleo, eve} {
				if out := token.Do(t, explainOther, apptest.Vars{"id": id, "p": "secret.view", "who": who.ID}); out.Code() == "" || strings.Contains(out.Body, `"allow":true`) {
					t.Errorf("a token with %v is told of %s: %s", more, who.Username, out.Body)
				}
			}
			if out := token.Do(t, explainTrace, apptest.Vars{"id": id, "p": "secret.view"}); out.At("explain", "trace") != nil {
				t.Errorf("a token with %v is given the trace", more)
			}
		}

		for _, c := range []struct {
			what, on, off string
			want          []string
		}{
			{"a grant that has ended", "UPDATE secret_grants SET expires_at = 1 WHERE group_id = ?", "UPDATE secret_grants SET expires_at = 0 WHERE group_id = ?", mine},
			{"a group that is switched off", `UPDATE "groups" SET status = 'DISABLED' WHERE id = ?`, `UPDATE "groups" SET status = 'ENABLED' WHERE id = ?`, mine},
			{"a secret that is switched off", "UPDATE secrets SET disabled_at = 1 WHERE id IN (SELECT secret_id FROM secret_grants WHERE group_id = ?)",
				"UPDATE secrets SET disabled_at = 0 WHERE id IN (SELECT secret_id FROM secret_grants WHERE group_id = ?)", nil},
		} {
			s.SQL(t, c.on, team)
			if got, total := whoPages(t, ben, "secret.reveal", id, 50, false); !slices.Equal(got, c.want) || total != float64(len(c.want)) {
				t.Errorf("%s: %v of %v, want %v", c.what, got, total, c.want)
			}
			s.SQL(t, c.off, team)
		}
	})
}
