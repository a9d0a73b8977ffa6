package store

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// engine is a database of one table with one row: what a text selects is the text. It counts what is prepared and closed,
// refuses texts that say FAIL, and lets texts that say WAIT wait for its gate.
type engine struct {
	mu       sync.Mutex
	prepared map[string]int
	open     atomic.Int64
	fail     atomic.Bool
	gate     chan struct{}
}

func newEngine() *engine {
	return &engine{prepared: map[string]int{}, gate: make(chan struct{})}
}

func (e *engine) Connect(context.Context) (sqldriver.Conn, error) { return conn{e}, nil }
func (e *engine) Driver() sqldriver.Driver                        { return nil }

func (e *engine) db(t *testing.T) *sql.DB {
	db := sql.OpenDB(e)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (e *engine) times(text string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.prepared[text]
}

type conn struct{ *engine }

func (c conn) Prepare(text string) (sqldriver.Stmt, error) {
	return c.PrepareContext(context.Background(), text)
}
func (c conn) Close() error                 { return nil }
func (c conn) Begin() (sqldriver.Tx, error) { return c, nil }
func (c conn) Commit() error                { return nil }
func (c conn) Rollback() error              { return nil }

func (c conn) PrepareContext(ctx context.Context, text string) (sqldriver.Stmt, error) {
	if strings.Contains(text, "WAIT") {
		select {
		case <-c.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.prepared[text]++
	if strings.Contains(text, "FAIL") && c.fail.Load() {
		return nil, errors.New("no such table")
	}
	c.open.Add(1)
	return &stmt{engine: c.engine, text: text}, nil
}

type stmt struct {
	*engine
	text   string
	closed atomic.Bool
}

func (s *stmt) Close() error {
	if !s.closed.Swap(true) {
		s.open.Add(-1)
	}
	return nil
}
func (s *stmt) NumInput() int { return -1 }
func (s *stmt) Exec([]sqldriver.Value) (sqldriver.Result, error) {
	return sqldriver.RowsAffected(1), nil
}
func (s *stmt) Query([]sqldriver.Value) (sqldriver.Rows, error) {
	if s.closed.Load() {
		return nil, errors.New("the statement is closed")
	}
	return &row{text: s.text}, nil
}

type row struct {
	text string
	done bool
}

func (r *row) Columns() []string { return []string{"text"} }
func (r *row) Close() error      { return nil }
func (r *row) Next(into []sqldriver.Value) error {
	if r.done {
		return io.EOF
	}
	r.done, into[0] = true, r.text
	return nil
}

// answers runs a text and checks that the answer is its own.
func answers(ctx context.Context, s *statements, text string) error {
	rows, err := s.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	var got string
	if !rows.Next() {
		return errors.Join(errors.New("no row"), rows.Err())
	}
	if err := rows.Scan(&got); err != nil {
		return err
	}
	if got != text {
		return fmt.Errorf("%q got the answer of %q", text, got)
	}
	return rows.Close()
}

func TestATextIsPreparedOnceAlsoWhenManyAskAtOnce(t *testing.T) {
	t.Parallel()
	e := newEngine()
	s := newStatements(e.db(t))
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range 200 {
				text := fmt.Sprintf("SELECT %d", i%20)
				if err := answers(t.Context(), s, text); err != nil {
					t.Errorf("%s: %v", text, err)
				}
				if _, err := s.ExecContext(t.Context(), text); err != nil {
					t.Errorf("%s: %v", text, err)
				}
			}
		})
	}
	all.Wait()
	for i := range 20 {
		if n := e.times(fmt.Sprintf("SELECT %d", i)); n != 1 {
			t.Errorf("SELECT %d was prepared %d times", i, n)
		}
	}
	if err := s.close(); err != nil || e.open.Load() != 0 {
		t.Errorf("after close %d statements are open (%v)", e.open.Load(), err)
	}
}

func TestAFailingTextFailsEveryoneAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	e := newEngine()
	s := newStatements(e.db(t))
	e.fail.Store(true)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := answers(t.Context(), s, "SELECT FAIL"); err == nil {
				t.Error("a text that cannot be prepared was answered")
			}
			if err := answers(t.Context(), s, "SELECT good"); err != nil {
				t.Errorf("another text failed with it: %v", err)
			}
		})
	}
	all.Wait()
	if s.prepared("SELECT FAIL") != nil {
		t.Error("what failed is kept as prepared")
	}
	e.fail.Store(false) // the table is there now
	if err := answers(t.Context(), s, "SELECT FAIL"); err != nil {
		t.Errorf("a text that failed once fails for ever: %v", err)
	}
}

// Whoever waits for the preparation that another began must not end with the other's patience.
func TestWhoGivesUpWhilePreparingHurtsNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		s := newStatements(e.db(t))
		impatient, giveUp := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- answers(impatient, s, "SELECT WAIT") }()
		synctest.Wait()
		go func() { second <- answers(t.Context(), s, "SELECT WAIT") }()
		synctest.Wait()
		giveUp()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up got %v", err)
		}
		close(e.gate)
		if err := <-second; err != nil {
			t.Errorf("who was patient got %v", err)
		}
	})
}

func TestWhoWaitsForAnothersPreparationCanGiveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		s := newStatements(e.db(t))
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- answers(t.Context(), s, "SELECT WAIT") }()
		synctest.Wait()
		impatient, giveUp := context.WithCancel(t.Context())
		go func() { second <- answers(impatient, s, "SELECT WAIT") }()
		synctest.Wait()
		giveUp()
		synctest.Wait()
		select {
		case err := <-second:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("who gave up got %v", err)
			}
		default:
			t.Error("who gave up still waits")
		}
		close(e.gate)
		if err := <-first; err != nil {
			t.Errorf("who was patient got %v", err)
		}
	})
}

func TestTheCacheIsBoundedAndEvictionBreaksNoRunningQuery(t *testing.T) {
	t.Parallel()
	e := newEngine()
	db := e.db(t)
	db.SetMaxOpenConns(4)
	s := newStatements(db)
	running, err := s.QueryContext(t.Context(), "SELECT oldest")
	if err != nil {
		t.Fatal(err)
	}
	defer running.Close()
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range maxStatements {
				if err := answers(t.Context(), s, fmt.Sprintf("SELECT %d, %d", i, g%2)); err != nil {
					t.Errorf("text %d: %v", i, err)
				}
			}
		})
	}
	all.Wait()
	s.mu.Lock()
	kept, listed := len(s.byKey), s.order.Len()
	s.mu.Unlock()
	if kept > maxStatements || kept != listed {
		t.Errorf("%d texts are kept (%d in order), at most %d", kept, listed, maxStatements)
	}
	var got string
	if !running.Next() || running.Scan(&got) != nil || got != "SELECT oldest" {
		t.Errorf("the running query ended with %v", running.Err())
	}
	if err := running.Close(); err != nil {
		t.Error(err)
	}
	if err := answers(t.Context(), s, "SELECT oldest"); err != nil {
		t.Errorf("what was evicted: %v", err)
	}
	if err := answers(t.Context(), s, fmt.Sprintf("SELECT %d, 0", maxStatements-1)); err != nil {
		t.Errorf("what was used last: %v", err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil || e.open.Load() != 0 {
		t.Errorf("%d statements are still open (%v)", e.open.Load(), err)
	}
}

// In a transaction a new text runs unprepared, because preparing needs a second connection and there may be none.
func TestATransactionWithNewTextsNeedsNoSecondConnection(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := openSQLite(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	execute(t, ctx, d, "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 10 {
				tx, err := d.Tx(ctx)
				if err != nil {
					t.Errorf("begin: %v", err)
					return
				}
				text := fmt.Sprintf("INSERT INTO notes (text) VALUES (?) -- %d %d", g, i)
				if err := tx.Exec(ctx, text, []any{text}, nil); err != nil {
					t.Errorf("write: %v", err)
				}
				end := tx.Commit
				if i%2 == 1 {
					end = tx.Rollback
				}
				if err := end(); err != nil {
					t.Errorf("end: %v", err)
				}
			}
		})
	}
	all.Wait()
	if n := count(t, ctx, d, "SELECT COUNT(*) FROM notes"); n != 40 {
		t.Errorf("%d notes of 40 that were committed", n)
	}
}
