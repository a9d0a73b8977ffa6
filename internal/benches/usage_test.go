package benches

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/usage"
)

const keysOfAFlush = 1000

// TestUsage measures what writing the use of 1,000 keys costs, and counting in memory.
func TestUsage(t *testing.T) {
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			s := apptest.New(t, d)
			out := newTable(t, os.Stdout, "usage on "+string(d))
			c := usage.New(s.App.Store.Client, usage.Defaults(), slog.New(slog.DiscardHandler))
			keys := make([]*traffic.Key, keysOfAFlush)
			for i := range keys {
				keys[i] = &traffic.Key{ID: fmt.Sprintf("key_%026d", i), ProjectID: "prj_1", OrganizationID: "org_1", Environment: "PRODUCTION", OwnerID: "usr_1", Currency: "USD"}
			}
			count := func() error {
				for _, k := range keys {
					if err := c.Count(t.Context(), traffic.Use{Key: k, Method: "GET", Code: traffic.Valid, Units: 1, At: time.Now()}); err != nil {
						return err
					}
				}
				return nil
			}
			n := 0
			byHand := func() error {
				n++
				insert(t, s, n, keys)
				return nil
			}
			flush := func() error {
				if err := count(); err != nil {
					return err
				}
				return c.Flush(t.Context())
			}
			took := race(t, budget, contender{"flush", flush}, contender{"by hand", byHand})
			fmt.Printf("  writing the use of %d keys takes %s; by hand %s\n", keysOfAFlush, took[0], took[1])
			out.row("count and write the use of 1,000 keys", noBar, contender{"flush", flush}, contender{"two INSERTs by hand", byHand})
			if alone := testing.Benchmark(func(b *testing.B) {
				for i := range b.N {
					_ = c.Count(b.Context(), traffic.Use{Key: keys[i%keysOfAFlush], Method: "GET", Code: traffic.Valid, Units: 1, At: time.Now()})
				}
			}); alone.N > 0 {
				fmt.Printf("  counting one request in memory takes %d ns and %d allocations\n", alone.NsPerOp(), alone.AllocsPerOp())
			}
			out.end()
		})
	}
}

// insert writes rows like those of a flush, 500 in a statement.
func insert(t *testing.T, s *apptest.Server, round int, keys []*traffic.Key) {
	t.Helper()
	for half := range 2 {
		var text strings.Builder
		text.WriteString(`INSERT INTO usage_buckets (id, created_at, width, start, api_key_id, project_id, organization_id, environment, member_id, method, outcome, requests, units, spend, currency, batch) VALUES `)
		var args []any
		for i, k := range keys[half*len(keys)/2 : (half+1)*len(keys)/2] {
			if i > 0 {
				text.WriteString(", ")
			}
			text.WriteString("(?, 1, 'MINUTE', 0, ?, ?, ?, ?, ?, 'GET', 'VALID', 1, 1, 0, 'USD', 'x')")
			args = append(args, fmt.Sprintf("usb_%d_%d_%d", round, half, i), k.ID, k.ProjectID, k.OrganizationID, k.Environment, k.OwnerID)
		}
		s.SQL(t, text.String(), args...)
	}
}
