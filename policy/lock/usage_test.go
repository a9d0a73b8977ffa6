package lock_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/policy/lock"
)

// bucket puts a row of use behind the curtain.
func (c *scene) bucket(t *testing.T, id, width, key, project, organization string) {
	t.Helper()
	c.SQL(t, `INSERT INTO usage_buckets (id, created_at, width, start, api_key_id, project_id, organization_id, environment, member_id, method, outcome, requests, units, spend, currency, batch)
		VALUES (?, 1, ?, 0, ?, ?, ?, 'STAGING', 'usr_x', '', 'VALID', 1, 1, 1, 'USD', 'b')`, id, width, key, project, organization)
}

// The duties of usage see the rows of the thing that is named, write what they count, and take what is added up: never a day.
func TestTheDutiesOfUsageReachExactlyTheirRows(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		bare, db := context.Background(), s.App.Store
		mine, theirs := c.ada.CreateKey(t, "mine", "", "PROJECT").ID, c.ben.CreateKey(t, "theirs", "", "PROJECT").ID
		c.bucket(t, "usb_1", "MINUTE", mine, c.ada.Project, c.ada.Home)
		c.bucket(t, "usb_2", "HOUR", "key_gone", c.ada.Project, c.ada.Home)
		c.bucket(t, "usb_3", "DAY", "key_gone", "prj_gone", c.ada.Home)
		c.bucket(t, "usb_4", "DAY", theirs, c.ben.Project, c.ben.Home)
		for _, look := range []struct {
			of   lock.Used
			want []string
		}{
			{lock.Used{APIKeyID: mine}, []string{"usb_1"}}, {lock.Used{APIKeyID: theirs}, []string{"usb_4"}}, {lock.Used{}, nil},
			{lock.Used{ProjectID: c.ada.Project}, []string{"usb_1", "usb_2"}}, {lock.Used{OrganizationID: c.ada.Home}, []string{"usb_1", "usb_2", "usb_3"}},
			{lock.Used{APIKeyID: "%"}, nil},
		} {
			if got, err := c.query(lock.UsageOf(bare, look.of), "UsageBucket"); err != nil || !slices.Equal(got, look.want) {
				t.Errorf("%+v sees %v (%v), want %v", look.of, got, err, look.want)
			}
		}
		for of, want := range map[lock.Used][2]string{
			{APIKeyID: mine}: {c.ada.Project, c.ada.Home}, {ProjectID: c.ben.Project}: {c.ben.Project, c.ben.Home}, {OrganizationID: c.ben.Home}: {c.ben.Project, c.ben.Home},
		} {
			for i, typ := range []string{"Project", "Organization"} {
				if got, err := c.query(lock.UsageOf(bare, of), typ); err != nil || !slices.Equal(got, []string{want[i]}) {
					t.Errorf("%+v sees %v of %s (%v), want %s", of, got, typ, err, want[i])
				}
			}
		}
		for _, typ := range []string{"APIKey", "UsageBucket", "UsageReport"} {
			_, err := c.query(lock.UsageFlush(bare), typ)
			denied(t, "the flush reading "+typ, err)
		}
		if got, err := c.query(lock.UsageReport(bare, c.ada.Project, mine, "l"), "APIKey"); err != nil || !slices.Equal(got, []string{mine}) {
			t.Errorf("a report sees %v of keys (%v)", got, err)
		}
		if got, err := c.query(lock.UsageReport(bare, c.ada.Project, theirs, "l"), "APIKey"); err != nil || got != nil {
			t.Errorf("a report sees %v of another project's keys (%v)", got, err)
		}
		row := func() interface{ Exec(context.Context) error } {
			return db.UsageBucket.Create().SetWidth("HOUR").SetStart(0).SetAPIKeyID(mine).SetProjectID(c.ada.Project).SetOrganizationID(c.ada.Home).SetEnvironment("STAGING").
				SetMemberID("m").SetMethod("").SetOutcome("VALID").SetRequests(1).SetUnits(1).SetSpend(1).SetCurrency("USD").SetBatch("b")
		}
		denied(t, "an hour by the flush", row().Exec(lock.UsageFlush(bare)))
		denied(t, "an hour by a report", row().Exec(lock.UsageReport(bare, c.ada.Project, mine, "l")))
		n, err := db.UsageBucket.Delete().Exec(lock.UsageRollUp(bare))
		passes(t, "adding up", err)
		if n != 2 || s.Count(t, "usage_buckets") != 2 || s.Count(t, "usage_buckets WHERE width = 'DAY'") != 2 {
			t.Errorf("%d rows were taken, want the minute and the hour", n)
		}
		c.expiring(t, mine, theirs)
	})
}

// expiring: of keys that expire soon, and of no others, it is seen whom to tell, and written that they were.
func (c *scene) expiring(t *testing.T, soon, later string) {
	t.Helper()
	at := func(d time.Duration) int64 { return time.Now().Add(d).UnixMicro() }
	c.SQL(t, "UPDATE api_keys SET expires_at = ?, created_at = 1 WHERE id = ?", at(20*time.Hour), soon)
	c.SQL(t, "UPDATE api_keys SET expires_at = ?, created_at = 1 WHERE id = ?", at(20*24*time.Hour), later)
	bare := context.Background()
	for _, look := range []struct {
		days     int
		reminded int
		want     []string
	}{{1, 0, []string{soon}}, {7, 0, []string{soon}}, {1, 1, nil}, {1, 7, []string{soon}}, {7, 7, nil}} {
		c.SQL(t, "UPDATE api_keys SET reminded_days = ? WHERE id = ?", look.reminded, soon)
		if got, err := c.query(lock.KeysExpire(bare, look.days), "APIKey"); err != nil || !slices.Equal(got, look.want) {
			t.Errorf("within %d days, told of %d: %v (%v), want %v", look.days, look.reminded, got, err, look.want)
		}
	}
	c.SQL(t, "UPDATE api_keys SET reminded_days = 0")
	if got, err := c.query(lock.KeysExpire(bare, 1), "User"); err != nil || !slices.Equal(got, []string{c.ada.ID}) {
		t.Errorf("people to tell: %v (%v), want ada", got, err)
	}
	n, err := c.App.Store.APIKey.Update().SetRemindedDays(1).Save(lock.KeysExpire(bare, 1))
	passes(t, "telling", err)
	if n != 1 || c.Count(t, "api_keys WHERE reminded_days = 1 AND id = ?", soon) != 1 {
		t.Errorf("%d keys were told of", n)
	}
}
