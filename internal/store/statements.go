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

type statement struct {
	text  string
	ready chan struct{}
	stmt  *sql.Stmt
	err   error
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
	return st.QueryContext(ctx, args...)
}

// ExecContext runs a command as a prepared statement.
func (s *statements) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, err := s.get(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

// get prepares a text once, also when many ask at the same time; what failed is tried again by the next, and whoever waits
// for another's preparation has a patience of their own.
func (s *statements) get(ctx context.Context, text string) (*sql.Stmt, error) {
	for {
		st, mine, old := s.claim(text)
		if mine {
			s.prepare(ctx, st, old)
			return st.stmt, st.err
		}
		select {
		case <-st.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		gaveUp := errors.Is(st.err, context.Canceled) || errors.Is(st.err, context.DeadlineExceeded)
		if !gaveUp || ctx.Err() != nil {
			return st.stmt, st.err
		}
	}
}

// claim returns the entry of a text; when there was none it makes one that the caller is to prepare, and perhaps puts out
// an old one.
func (s *statements) claim(text string) (st *statement, mine bool, old *statement) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.byKey[text]; ok {
		s.order.MoveToFront(e)
		return e.Value.(*statement), false, nil
	}
	st = &statement{text: text, ready: make(chan struct{})}
	s.byKey[text] = s.order.PushFront(st)
	return st, true, s.evict()
}

func (s *statements) prepare(ctx context.Context, st, old *statement) {
	st.stmt, st.err = s.db.PrepareContext(ctx, st.text)
	if st.err != nil {
		s.forget(st) // before anybody who waits for it asks again
	}
	close(st.ready)
	if old != nil {
		<-old.ready
		if old.stmt != nil {
			_ = old.stmt.Close()
		}
	}
}

func (s *statements) evict() *statement {
	if s.order.Len() <= maxStatements {
		return nil
	}
	last := s.order.Back()
	old := s.order.Remove(last).(*statement)
	delete(s.byKey, old.text)
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

// prepared returns the statement of a text that is in the cache already; it never waits for a connection.
func (s *statements) prepared(text string) *sql.Stmt {
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
		return st.stmt
	default:
		return nil
	}
}
