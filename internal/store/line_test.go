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
		{"a prepared statement", false, func(ctx context.Context) error {
			return d.Exec(ctx, "SELECT 2", []any{}, nil)
		}},
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

// A query that is given up while there is a network costs nobody anything afterwards: no connection is left that answers nothing.
func TestWhatIsGivenUpLeavesConnectionsAsTheyWere(t *testing.T) {
	t.Parallel()
	d, err := openPostgres(pgtest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	d.writeDB.SetMaxOpenConns(1)
	for n := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*time.Millisecond)
		_ = d.Exec(ctx, "SELECT pg_sleep(0.01)", []any{}, nil)
		_, _ = d.writeDB.ExecContext(ctx, "SELECT pg_sleep(0.01)")
		if tx, err := d.writeDB.BeginTx(ctx, nil); err == nil {
			_ = tx.Commit()
		}
		cancel()
		if err := d.Exec(t.Context(), "SELECT 1", []any{}, nil); err != nil {
			t.Errorf("the next one: %v", err)
		}
	}
	if err := d.Close(); err != nil {
		t.Errorf("at the end: %v", err)
	}
}
