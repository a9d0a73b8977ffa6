package store

import (
	"context"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest/pgtest"
	"github.com/keyhall/keyhall/internal/apptest/wire"
)

// A network that loses everything without a word: whoever asks is told when their time is over, asking, in a transaction and connecting;
// when the network is back, so is the database.
func TestALostNetworkKeepsNobodyWaitingLongerThanTheyWould(t *testing.T) {
	t.Parallel()
	way, url := wire.New(t, pgtest.Start(t))
	d, err := openPostgres(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	for _, what := range []struct {
		name   string
		broken bool // there is no connection yet
		ask    func(context.Context) error
	}{
		{"a query", false, func(ctx context.Context) error { _, err := d.writeDB.ExecContext(ctx, "SELECT 1"); return err }},
		{"a transaction", false, func(ctx context.Context) error {
			tx, err := d.writeDB.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			return tx.Commit()
		}},
		{"a connection", true, d.writeDB.PingContext},
	} {
		if err := what.ask(t.Context()); err != nil {
			t.Fatalf("%s while there is a network: %v", what.name, err)
		}
		way.Set(true, true)
		if what.broken {
			way.BreakOff(true)
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err := what.ask(ctx)
		cancel()
		if took := time.Since(began); err == nil || took > 10*time.Second {
			t.Errorf("%s: told %v after %v", what.name, err, took)
		}
		way.Set(false, false)
	}
	if err := d.writeDB.PingContext(t.Context()); err != nil {
		t.Errorf("when the network is back: %v", err)
	}
}
