package store

import (
	"container/list"
	"context"
	"database/sql"
	"errors"
	"sync"
)

// maxStatements bounds the cache; Keyhall has a few hundred texts, so the bound only guards against a mistake.
const maxStatements = 1000

// statements prepares each text once a pool and keeps it: both databases spend more time planning Keyhall's statements
// than running them.
type statements struct {
	db    *sql.DB
	mu    sync.Mutex
	byKey map[string]*list.Element
	order *list.List // front: used last
}

// statement is closed when it was put out of the cache and nobody holds it any more.
type statement struct {
	text  string
	ready chan struct{}
	stmt  *sql.Stmt
	err   error

	holders int  // guarded by statements.mu, as out is
	out     bool // of the cache
}

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, byKey: map[string]*list.Element{}, order: list.New()}
}

// QueryContext runs a query as a prepared statement.
func (s *statements) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := s.get(ctx, query)
	if err != nil {
		return nil, err
	}
	defer s.release(st)
	return st.stmt.QueryContext(ctx, args...)
}

// ExecContext runs a command as a prepared statement.
func (s *statements) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, err := s.get(ctx, query)
	if err != nil {
		return nil, err
	}
	defer s.release(st)
	return st.stmt.ExecContext(ctx, args...)
}

// get prepares a text once, also when many ask at the same time; what failed is tried again by the next, and whoever waits
// for another's preparation has a patience of their own. What comes without an error is to be released.
func (s *statements) get(ctx context.Context, text string) (*statement, error) {
	for {
		st, mine, old := s.claim(text)
		if mine {
			s.prepare(ctx, st)
		}
		discard(old)
		var err error
		select {
		case <-st.ready:
			err = st.err
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err == nil {
			return st, nil
		}
		s.release(st)
		gaveUp := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
		if mine || !gaveUp || ctx.Err() != nil {
			return nil, err
		}
	}
}

// claim holds the entry of a text; when there was none it makes one that the caller is to prepare, and may return an old
// one that is to be closed.
func (s *statements) claim(text string) (st *statement, mine bool, old *statement) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.byKey[text]; ok {
		s.order.MoveToFront(e)
		st = e.Value.(*statement)
		st.holders++
		return st, false, nil
	}
	st = &statement{text: text, ready: make(chan struct{}), holders: 1}
	s.byKey[text] = s.order.PushFront(st)
	return st, true, s.evict()
}

func (s *statements) prepare(ctx context.Context, st *statement) {
	st.stmt, st.err = s.db.PrepareContext(ctx, st.text)
	if st.err != nil {
		s.forget(st) // before anybody who waits for it asks again
	}
	close(st.ready)
}

// release ends a hold; the last one closes what is not in the cache any more.
func (s *statements) release(st *statement) {
	s.mu.Lock()
	st.holders--
	last := st.out && st.holders == 0
	s.mu.Unlock()
	if last {
		discard(st)
	}
}

func discard(st *statement) {
	if st != nil && st.stmt != nil {
		_ = st.stmt.Close()
	}
}

// evict puts out the statement that was used longest ago, and returns it when it can be closed at once.
func (s *statements) evict() *statement {
	if s.order.Len() <= maxStatements {
		return nil
	}
	old := s.order.Remove(s.order.Back()).(*statement)
	delete(s.byKey, old.text)
	old.out = true
	if old.holders > 0 {
		return nil
	}
	return old
}

func (s *statements) forget(st *statement) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.byKey[st.text]; ok && e.Value == st {
		s.order.Remove(e)
		delete(s.byKey, st.text)
	}
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.order.Front(); e != nil; e = e.Next() {
		if st := e.Value.(*statement); st.stmt != nil {
			_ = st.stmt.Close()
		}
	}
	s.byKey, s.order = map[string]*list.Element{}, list.New()
	return nil
}

// prepared holds the statement of a text that is in the cache already; it never waits for a connection.
func (s *statements) prepared(text string) *statement {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byKey[text]
	if !ok {
		return nil
	}
	st := e.Value.(*statement)
	select {
	case <-st.ready:
		s.order.MoveToFront(e)
		st.holders++
		return st
	default:
		return nil
	}
}
