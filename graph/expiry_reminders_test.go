package graph_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

// Whom it concerns is told 30, 7 and 1 days before a key expires, once each, also when several processes look: who owns it, who owns its
// project, also by a group that is enabled, and the team. Nobody else, and not who has left.
func TestWhomItConcernsIsToldOnceBeforeAKeyExpires(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo, dev, eve, fay := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo"), s.Actor(t, "dev"), s.Actor(t, "eve"), s.Actor(t, "fay")
		for _, who := range []*apptest.Actor{ben, cleo, dev, fay} {
			s.JoinOrganization(t, ada.Home, who, "READER")
		}
		s.JoinProject(t, ada.Project, ben, "OWNER")
		s.JoinProject(t, ada.Project, dev, "MEMBER")
		s.JoinProject(t, ada.Project, eve, "OWNER") // is not in the organization
		for name, status := range map[string]string{"on": "ENABLED", "off": "DISABLED"} {
			members := map[string][]*apptest.Actor{"on": {cleo}, "off": {fay}}[name]
			group := ada.MakeGroup(t, name, members...)
			s.SQL(t, "UPDATE groups SET status = ? WHERE id = ?", status, group)
			s.SQL(t, "INSERT INTO project_members (id, created_at, project_id, group_id, role) VALUES (?, 1, ?, ?, 'OWNER')", "prm_"+name, ada.Project, group)
		}
		s.SQL(t, "UPDATE projects SET alert_email = 'team@keyhall.test' WHERE id = ?", ada.Project)
		behind := &estate{Server: s}
		key, own, fresh := ada.CreateKey(t, "soon", "", "PROJECT").ID, ada.CreateKey(t, "own", "", "PERSONAL").ID, ada.CreateKey(t, "fresh", "", "PROJECT").ID
		long := time.Now().AddDate(-1, 0, 0).UnixMicro()
		s.SQL(t, "UPDATE api_keys SET created_at = ? WHERE id IN (?, ?)", long, key, own)
		letters := func(id string) string {
			all := behind.all(t, "SELECT recipient || ' ' || generation AS x FROM mails WHERE kind = 'key_expires' AND resource_id = ?", id)
			slices.Sort(all)
			return strings.Join(all, ", ")
		}
		told := func(days string, who ...string) string {
			for i := range who {
				who[i] += " " + days
			}
			slices.Sort(who)
			return strings.Join(who, ", ")
		}
		everybody := func(days string) string { return told(days, ada.Email, ben.Email, cleo.Email, "team@keyhall.test") }
		look := func() {
			t.Helper()
			houses := []*apptest.Server{s}
			if s.Database == apptest.Postgres {
				houses = append(houses, s.Beside(t))
			}
			var wg sync.WaitGroup
			for _, one := range houses {
				for range 3 {
					wg.Go(func() {
						for range 2 {
							if err := one.App.House.RemindOfExpiry(t.Context()); err != nil && !strings.Contains(err.Error(), "CONFLICT") {
								t.Error(err)
							}
						}
					})
				}
			}
			wg.Wait()
		}
		in := func(id string, d time.Duration) {
			s.SQL(t, "UPDATE api_keys SET expires_at = ? WHERE id = ?", time.Now().Add(d).UnixMicro(), id)
		}
		const day = 24 * time.Hour
		want := ""
		for _, step := range []struct {
			left time.Duration
			days string
		}{{40 * day, ""}, {29 * day, "30"}, {20 * day, ""}, {6 * day, "7"}, {12 * time.Hour, "1"}, {-time.Hour, ""}} {
			in(key, step.left)
			in(own, step.left)
			look()
			if step.days != "" {
				want = strings.Trim(want+", "+everybody(step.days), ", ")
				parts := strings.Split(want, ", ")
				slices.Sort(parts)
				want = strings.Join(parts, ", ")
			}
			if got := letters(key); got != want {
				t.Errorf("with %s left:\n%s\nwere told, want\n%s", step.left, got, want)
			}
		}
		if got, want := letters(own), told("30", ada.Email)+", "+told("7", ada.Email)+", "+told("1", ada.Email); len(got) != len(want) || strings.Contains(got, ben.Email) {
			t.Errorf("of a personal key %q were told, want only its owner, three times", got)
		}
		in(fresh, 12*time.Hour) // was made for less than a day
		look()
		if got := letters(fresh); got != "" {
			t.Errorf("of a key that was made for a short time %q were told", got)
		}
		// With a later expiry they are told again when that comes.
		ada.Must(t, `mutation($id: ID!, $at: Time) { updateAPIKey(input: {id: $id, expiresAt: $at}) { errors { code } } }`, apptest.Vars{"id": own, "at": time.Now().Add(25 * day).Format(time.RFC3339)})
		before := len(letters(own))
		look()
		if got := letters(own); len(got) == before {
			t.Errorf("after its expiry was moved nobody was told again: %s", got)
		}
	})
}
