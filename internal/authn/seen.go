package authn

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/accesstoken"
	"github.com/keyhall/keyhall/ent/session"
	"github.com/keyhall/keyhall/policy/lock"
)

// seenEvery is how exact "last seen" is: a request within it writes nothing.
const seenEvery = time.Minute

// seen remembers who was here, so that a request costs no write. What is not flushed is lost with the process, which only
// makes a time look a little older.
type seen struct {
	client *ent.Client
	log    *slog.Logger

	mu       sync.Mutex
	sessions map[string]int64
	tokens   map[string]int64
}

func newSeen(c *ent.Client, log *slog.Logger) *seen {
	return &seen{client: c, log: log, sessions: map[string]int64{}, tokens: map[string]int64{}}
}

func (s *seen) session(id string, before int64) {
	if now := time.Now().UnixMicro(); due(now, before) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sessions[id] = now
	}
}

func (s *seen) token(id string, before int64) {
	if now := time.Now().UnixMicro(); due(now, before) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tokens[id] = now
	}
}

func due(now, before int64) bool { return now-before >= seenEvery.Microseconds() }

func (s *seen) take() (sessions, tokens map[string]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sessions, tokens = s.sessions, s.tokens
	s.sessions, s.tokens = map[string]int64{}, map[string]int64{}
	return sessions, tokens
}

// flush writes what was seen in one transaction. It only updates: a session that was revoked meanwhile stays gone.
func (s *seen) flush(ctx context.Context) error {
	sessions, tokens := s.take()
	if len(sessions)+len(tokens) == 0 {
		return nil
	}
	ctx = lock.Touch(ctx)
	tx, err := s.client.Tx(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for id, at := range sessions {
		if err := tx.Session.Update().Where(session.ID(id)).SetLastSeenAt(at).Exec(ctx); err != nil {
			return err
		}
	}
	for id, at := range tokens {
		if err := tx.AccessToken.Update().Where(accesstoken.ID(id)).SetLastUsedAt(at).Exec(ctx); err != nil {
			return err
		}
	}
	return tx.Commit()
}
