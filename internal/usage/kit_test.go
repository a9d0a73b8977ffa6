package usage_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/usage"
)

// counter is one process that counts, whose writer does not run by itself.
func counter(s *apptest.Server, change ...func(*usage.Config)) *usage.Counter {
	config := usage.Defaults()
	for _, c := range change {
		c(&config)
	}
	return usage.New(s.App.Store.Client, config, slog.New(slog.DiscardHandler))
}

// keyOf is a key of a project that costs three millionths a unit.
func keyOf(n int) *traffic.Key {
	return &traffic.Key{
		ID: fmt.Sprintf("key_%d", n), ProjectID: fmt.Sprintf("prj_%d", n%2), OrganizationID: "org_1", Environment: "PRODUCTION",
		OwnerID: fmt.Sprintf("usr_%d", n%3), UnitPrice: 3, Currency: "USD",
	}
}

func use(k *traffic.Key, method string, code traffic.Code, units int64, at time.Time) traffic.Use {
	return traffic.Use{Key: k, Method: method, Code: code, Units: units, At: at}
}

// stored is the sum of some rows.
func stored(t *testing.T, s *apptest.Server, where string, args ...any) (requests, units, spend int64) {
	t.Helper()
	s.Row(t, "SELECT COALESCE(SUM(requests), 0), COALESCE(SUM(units), 0), COALESCE(SUM(spend), 0) FROM usage_buckets WHERE "+where, args, &requests, &units, &spend)
	return requests, units, spend
}
