package graph_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

const filteredEvents = `query($org: ID!, $filter: AuditFilter, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
	auditEvents(organizationId: $org, filter: $filter, first: $first, after: $after, last: $last, before: $before) {
		totalCount nodes { id type at outcome resourceId actorName permission } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`

// trail is an organization of its own with events that are written by hand, so that what each filter lists is known.
func trail(t *testing.T, s *apptest.Server) (owner, other *apptest.Actor, vars func(apptest.Vars) apptest.Vars) {
	t.Helper()
	owner, other = s.Actor(t, "owner"), s.Actor(t, "other")
	stranger := s.Actor(t, "stranger")
	s.SQL(t, "INSERT INTO organizations (id, created_at, name, slug) VALUES ('org_trail', 1, 'Trail', 'trail')")
	s.SQL(t, "INSERT INTO projects (id, created_at, name, environment, organization_id) VALUES ('prj_trail', 1, 'Shop', 'STAGING', 'org_trail')")
	s.JoinOrganization(t, "org_trail", owner, "OWNER")
	s.JoinOrganization(t, "org_trail", other, "READER")
	for i, e := range []struct {
		kind, outcome, resource string
		actor                   *apptest.Actor
		project                 any
	}{
		{"api_key.created", "DONE", "key_1", owner, "prj_trail"}, {"api_key.created", "DONE", "key_2", other, "prj_trail"},
		{"access.denied", "DENIED", "key_1", other, "prj_trail"}, {"project.created", "DONE", "prj_trail", owner, nil},
		{"api_key.deleted", "FAILED", "key_2", stranger, "prj_trail"}, {"api_key.deleted", "DONE", "key_2", owner, nil},
	} {
		s.SQL(t, `INSERT INTO audit_events (id, created_at, organization_id, project_id, type, outcome, actor_kind, actor_id, resource_id, reasons, changes)
			VALUES (?, ?, 'org_trail', ?, ?, ?, 'user', ?, ?, '[]', '[]')`, fmt.Sprintf("aud_%d", i+1), int64(i+1)*1_000_000, e.project, e.kind, e.outcome, e.actor.ID, e.resource)
	}
	return owner, other, func(filter apptest.Vars) apptest.Vars {
		return apptest.Vars{"org": "org_trail", "filter": filter}
	}
}

func listed(out apptest.Answer) (ids []string) {
	nodes, _ := out.At("auditEvents", "nodes").([]any)
	for i := range nodes {
		ids = append(ids, out.Text("auditEvents", "nodes", i, "id"))
	}
	return ids
}

//keyhall:norace
func TestAuditEventsAreFiltered(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		owner, other, vars := trail(t, s)
		second := func(n int64) string { return time.Unix(n, 0).UTC().Format(time.RFC3339) }
		for name, c := range map[string]struct {
			filter apptest.Vars
			want   string
		}{
			"nothing said":                  {nil, "[aud_6 aud_5 aud_4 aud_3 aud_2 aud_1]"},
			"a type":                        {apptest.Vars{"types": []string{"api_key.created"}}, "[aud_2 aud_1]"},
			"two types":                     {apptest.Vars{"types": []string{"project.created", "access.denied"}}, "[aud_4 aud_3]"},
			"no type":                       {apptest.Vars{"types": []string{}}, "[]"},
			"an unknown type":               {apptest.Vars{"types": []string{"api_key.%"}}, "[]"},
			"an actor":                      {apptest.Vars{"actorIds": []string{other.ID}}, "[aud_3 aud_2]"},
			"two actors":                    {apptest.Vars{"actorIds": []string{other.ID, owner.ID}}, "[aud_6 aud_4 aud_3 aud_2 aud_1]"},
			"a thing":                       {apptest.Vars{"resourceIds": []string{"key_1"}}, "[aud_3 aud_1]"},
			"a project":                     {apptest.Vars{"projectId": "prj_trail"}, "[aud_5 aud_3 aud_2 aud_1]"},
			"how it ended":                  {apptest.Vars{"outcome": "DENIED"}, "[aud_3]"},
			"a range":                       {apptest.Vars{"from": second(2), "to": second(4)}, "[aud_3 aud_2]"},
			"from a time on":                {apptest.Vars{"from": second(5)}, "[aud_6 aud_5]"},
			"before a time":                 {apptest.Vars{"to": second(2)}, "[aud_1]"},
			"all of it":                     {apptest.Vars{"types": []string{"api_key.created"}, "actorIds": []string{other.ID}, "resourceIds": []string{"key_2"}, "projectId": "prj_trail", "outcome": "DONE", "from": second(1), "to": second(9)}, "[aud_2]"},
			"a project that is not there":   {apptest.Vars{"projectId": "prj_none"}, "[]"},
			"an actor who is not there":     {apptest.Vars{"actorIds": []string{"usr_none"}}, "[]"},
			"a project of somebody else":    {apptest.Vars{"projectId": other.Project}, "[]"},
			"types that two filters differ": {apptest.Vars{"types": []string{"api_key.created"}, "outcome": "FAILED"}, "[]"},
		} {
			out := owner.Must(t, filteredEvents, vars(c.filter))
			if got := fmt.Sprint(listed(out)); got != c.want || out.At("auditEvents", "totalCount") != float64(len(listed(out))) {
				t.Errorf("%s: %s, counted %v, want %s", name, got, out.At("auditEvents", "totalCount"), c.want)
			}
		}
		var hidden string
		s.Row(t, "SELECT actor_id FROM audit_events WHERE id = 'aud_5'", nil, &hidden)
		of := func(id string) string {
			return leakFace(owner.Do(t, filteredEvents, vars(apptest.Vars{"actorIds": []string{id}})))
		}
		if of(hidden) != of("usr_00000000000000000000000000") {
			t.Errorf("a filter tells whose id a hidden actor has: %s", of(hidden))
		}
		many := slices.Repeat([]string{"x"}, 101)
		for name, filter := range map[string]apptest.Vars{
			"a range that ends before it begins": {"from": second(4), "to": second(2)}, "an empty range": {"from": second(4), "to": second(4)},
			"a time that is none": {"from": "yesterday"}, "too many types": {"types": many}, "too many actors": {"actorIds": many}, "too many things": {"resourceIds": many},
		} {
			if out := owner.Do(t, filteredEvents, vars(filter)); out.Code() != "BAD_USER_INPUT" && out.Code() != "GRAPHQL_VALIDATION_FAILED" {
				t.Errorf("%s: %s", name, out.Body)
			}
		}
	})
}

// A filtered list is walked forwards and backwards through the same rows.
//
//keyhall:norace
func TestFilteredAuditEventsArePagedBothWays(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		owner, _, vars := trail(t, s)
		walk := func(size, from, more, cursor string) (out []string) {
			v := vars(apptest.Vars{"types": []string{"api_key.created", "api_key.deleted"}})
			v[size] = 3
			for range 4 {
				answer := owner.Must(t, filteredEvents, v)
				if size == "first" {
					out = append(out, listed(answer)...)
				} else {
					out = append(listed(answer), out...)
				}
				if answer.At("auditEvents", "pageInfo", more) != true {
					return out
				}
				v[from] = answer.Text("auditEvents", "pageInfo", cursor)
			}
			t.Fatal("the pages do not end")
			return nil
		}
		const want = "[aud_6 aud_5 aud_2 aud_1]"
		if got := fmt.Sprint(walk("first", "after", "hasNextPage", "endCursor")); got != want {
			t.Errorf("forwards %s", got)
		}
		if got := fmt.Sprint(walk("last", "before", "hasPreviousPage", "startCursor")); got != want {
			t.Errorf("backwards %s", got)
		}
	})
}
