package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const exposureQuery = `query($org: ID!, $user: ID!, $rotated: Boolean, $first: Int, $after: Cursor) {
	exposureReport(organizationId: $org, userId: $user, includeRotated: $rotated, first: $first, after: $after) {
		totalCount pageInfo { hasNextPage endCursor } nodes { name resourceId revealedAt rotatedSince secret { id name } apiKey { id } } } }`

// exposures are the names of the report, with a mark on what was rotated; or the code of why there is none.
func exposures(t *testing.T, who *apptest.Actor, organization string, leaver *apptest.Actor, rotated bool) string {
	t.Helper()
	out := who.Do(t, exposureQuery, apptest.Vars{"org": organization, "user": leaver.ID, "rotated": rotated})
	if out.Code() != "" {
		return out.Code()
	}
	names := []string{}
	for i := range out.At("exposureReport", "nodes").([]any) {
		name := out.Text("exposureReport", "nodes", i, "name")
		if out.At("exposureReport", "nodes", i, "rotatedSince") == true {
			name += "*"
		}
		if out.Text("exposureReport", "nodes", i, "revealedAt") == "" {
			name += " never"
		}
		names = append(names, name)
	}
	if out.At("exposureReport", "totalCount") != float64(len(names)) || strings.Contains(out.Body, "value-") {
		t.Errorf("the report says %s", out.Body)
	}
	return strings.Join(names, " ")
}

// B17 B19: what somebody has looked at since each secret was last rotated, for the owners of the organization, and for who owns
// secrets there, of these; nothing for anybody else, and never a value.
//
//keyhall:norace
func TestWhatALeaverHasSeenIsReported(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, gus, eve := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "gus"), s.Actor(t, "eve")
		s.JoinOrganization(t, ada.Home, ben, "OWNER")
		for _, reader := range []*apptest.Actor{cleo, gus} {
			s.JoinOrganization(t, ada.Home, reader, "READER")
		}
		ids := map[string]string{}
		for _, name := range []string{"Shown", "Copied", "Rotated", "Renamed", "Unseen", "Deleted", "Again"} {
			ids[name] = ada.AddSecret(t, name, "value-"+name)
			ada.ShareSecret(t, ids[name], apptest.Vars{"login": eve.Username}, nil)
		}
		ids["Cleos"] = cleo.Must(t, `mutation($org: ID!) { createSecret(input: {organizationId: $org, name: "Cleos", url: "https://x.example", clientId: "c", clientSecret: "value-c"}) { secret { id } errors { code } } }`,
			apptest.Vars{"org": ada.Home}).Text("createSecret", "secret", "id")
		cleo.ShareSecret(t, ids["Cleos"], apptest.Vars{"login": eve.Username}, nil)
		elsewhere := gus.AddSecret(t, "Elsewhere", "value-e")
		gus.ShareSecret(t, elsewhere, apptest.Vars{"login": eve.Username}, nil)
		for name, id := range ids {
			if name != "Unseen" {
				eve.Must(t, `mutation($id: ID!, $for: RevealPurpose!) { revealSecret(input: {id: $id, purpose: $for}) { version errors { code } } }`,
					apptest.Vars{"id": id, "for": map[bool]string{true: "COPY", false: "SHOW"}[name == "Copied"]})
			}
		}
		eve.Reveal(t, elsewhere)
		ada.Reveal(t, ids["Unseen"])
		edit := func(name, change string) {
			ada.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, `+change+`}) { errors { code } } }`, apptest.Vars{"id": ids[name]})
		}
		edit("Rotated", `clientSecret: "value-new"`)
		edit("Again", `clientSecret: "value-new"`)
		eve.Reveal(t, ids["Again"])
		edit("Renamed", `notes: "n"`)
		ada.Must(t, `mutation($id: ID!) { deleteSecret(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": ids["Deleted"]})
		for name, c := range map[string]struct {
			who     *apptest.Actor
			leaver  *apptest.Actor
			rotated bool
			want    string
		}{
			"an owner of both":                 {ada, eve, false, "Shown Copied Renamed Again Cleos"},
			"an owner of the organization":     {ben, eve, false, "Shown Copied Renamed Again Cleos"},
			"the same with what was rotated":   {ben, eve, true, "Shown Copied Rotated* Renamed Again Cleos"},
			"who owns a secret there":          {cleo, eve, true, "Cleos"},
			"who owns none":                    {gus, eve, true, "FORBIDDEN"},
			"a stranger":                       {eve, eve, true, "NOT_FOUND"},
			"nobody":                           {s.Anonymous(), eve, true, "UNAUTHENTICATED"},
			"about somebody else":              {ben, ada, true, "Unseen"},
			"about somebody who is not there":  {ben, &apptest.Actor{ID: "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV"}, true, ""},
			"about who has looked at nothing":  {ben, gus, true, ""},
			"about who looks at nothing there": {cleo, ada, true, ""},
		} {
			if got := exposures(t, c.who, ada.Home, c.leaver, c.rotated); got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
		if got := exposures(t, ada, eve.Home, eve, true); got != "NOT_FOUND" {
			t.Errorf("of another organization: %q", got)
		}
		ada.Must(t, restoreVersion, apptest.Vars{"id": versionID(t, s, ids["Rotated"], 1)}) // the value that eve saw is in use again
		if got := exposures(t, ben, ada.Home, eve, false); got != "Shown Copied Rotated Renamed Again Cleos" {
			t.Errorf("with an earlier value in use again: %q", got)
		}
		edit("Rotated", `clientSecret: "value-newest"`)
		if got := exposures(t, ben, ada.Home, eve, true); got != "Shown Copied Rotated* Renamed Again Cleos" {
			t.Errorf("replaced once more: %q", got)
		}
		s.SQL(t, "DELETE FROM secret_grants WHERE user_id = ?", eve.ID)
		s.SQL(t, "UPDATE users SET suspended_at = 1 WHERE id = ?", eve.ID)
		if got := exposures(t, ada, ada.Home, eve, false); got != "Shown Copied Renamed Again Cleos" {
			t.Errorf("after they went: %q", got)
		}
		owners := ben.Must(t, exposureQuery, apptest.Vars{"org": ada.Home, "user": eve.ID, "first": 1})
		if owners.At("exposureReport", "nodes", 0, "secret") != nil || owners.Text("exposureReport", "nodes", 0, "resourceId") != ids["Shown"] {
			t.Errorf("who owns the organization sees of a secret that is not theirs: %s", owners.Body)
		}
		var paged []string
		vars := apptest.Vars{"org": ada.Home, "user": eve.ID, "first": 2}
		for range 4 {
			page := ada.Must(t, exposureQuery, vars)
			for i := range page.At("exposureReport", "nodes").([]any) {
				paged = append(paged, page.Text("exposureReport", "nodes", i, "secret", "name"))
			}
			if page.At("exposureReport", "pageInfo", "hasNextPage") != true {
				break
			}
			vars["after"] = page.Text("exposureReport", "pageInfo", "endCursor")
		}
		if want := []string{"Shown", "Copied", "Renamed", "Again"}; !slices.Equal(paged[:min(4, len(paged))], want) || len(paged) != 5 {
			t.Errorf("page after page there are %s", fmt.Sprint(paged))
		}
	})
}

// B17: a token that leaves organization.view_offboarding out is refused; that its holder owns secrets there does not stand in for
// it. With the permission it is told what its holder is.
//
//keyhall:norace
func TestATokenIsToldOfExposuresOnlyWithItsPermission(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, cleo, eve := s.Actor(t, "ada"), s.Actor(t, "cleo"), s.Actor(t, "eve")
		s.JoinOrganization(t, ada.Home, cleo, "READER")
		for _, owner := range []*apptest.Actor{ada, cleo} {
			id := owner.Must(t, `mutation($org: ID!, $name: String!) { createSecret(input: {organizationId: $org, name: $name, url: "https://x.example", clientId: "c", clientSecret: "value-1"}) { secret { id } errors { code } } }`,
				apptest.Vars{"org": ada.Home, "name": owner.Username}).Text("createSecret", "secret", "id")
			owner.ShareSecret(t, id, apptest.Vars{"login": eve.Username}, nil)
			eve.Reveal(t, id)
		}
		sights := []string{"organization.view", "secret.view"}
		for _, who := range []*apptest.Actor{ada, cleo} {
			if got := exposures(t, narrowed(t, who, sights...), ada.Home, eve, false); got != "FORBIDDEN" {
				t.Errorf("a token of %s without the permission is told of %q", who.Username, got)
			}
			with := narrowed(t, who, append(sights, "organization.view_offboarding")...)
			if got, want := exposures(t, with, ada.Home, eve, false), exposures(t, who, ada.Home, eve, false); got != want || got == "" {
				t.Errorf("with it a token of %s is told of %q, want %q", who.Username, got, want)
			}
		}
	})
}
