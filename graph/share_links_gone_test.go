package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/authn"
	"github.com/keyhall/keyhall/internal/keyring"
)

// dearGuesses makes one comparison of a passphrase long enough for something to happen meanwhile.
func dearGuesses(c *app.Config) { c.Accounts.Cost = authn.Cost{MemoryKiB: 8 << 10, Passes: 16} }

// busy fills the line in which passphrases wait to be compared until stop is called: whoever gives one waits behind all of these.
func busy(t *testing.T, s *apptest.Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var line sync.WaitGroup
	for range 200 {
		line.Go(func() {
			for ctx.Err() == nil {
				_, _ = s.App.Accounts.Hash(ctx, keyring.NewSecret("of somebody else"))
			}
		})
	}
	stop = sync.OnceFunc(func() {
		cancel()
		line.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// openUntil opens a link as somebody who hangs up when ctx ends, and takes no answer.
func openUntil(ctx context.Context, t *testing.T, s *apptest.Server, token, passphrase string) {
	t.Helper()
	in := apptest.Vars{"token": token, "passphrase": passphrase}
	body, err := json.Marshal(map[string]any{"query": openLink, "variables": apptest.Vars{"in": in}})
	if err != nil {
		t.Error(err)
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_ = resp.Body.Close()
	}
}

// B21: ten who give a passphrase and go away before it is compared keep nobody from opening the link.
func TestWhoGoesAwayLeavesNoTryBehind(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		link, text := makeLink(t, ada, ada.AddSecret(t, "Payments", "the value"), apptest.Vars{"passphrase": "open sesame", "maxViews": nil})
		stop := busy(t, s)
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		var clients sync.WaitGroup
		for range 10 {
			clients.Go(func() {
				for ctx.Err() == nil { // whose turn came before the others were there tries again
					openUntil(ctx, t, s, text, "open sesame")
				}
			})
		}
		waitFor(t, "ten tries", func() bool { return s.Count(t, "share_links WHERE id = ? AND tries = 10", link) == 1 })
		leave()
		clients.Wait()
		waitFor(t, "no try", func() bool { return s.Count(t, "share_links WHERE id = ? AND tries = 0", link) == 1 })
		stop()
		if n := s.Count(t, "share_links WHERE id = ? AND misses = 0", link); n != 1 {
			t.Error("what was not compared counts as a miss")
		}
		if out := openTheLink(t, s, text, apptest.Vars{"passphrase": "open sesame"}); out.Text("openShareLink", "clientSecret") != "the value" {
			t.Errorf("the right one after them: %s", out.Body)
		}
	}, withLinks, dearGuesses)
}

// B21: who goes away while a wrong passphrase is compared has guessed all the same: it is a miss, and no try is left.
func TestAWrongGuessCountsWhoeverHearsOfIt(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		link, text := makeLink(t, ada, ada.AddSecret(t, "Payments", "the value"), apptest.Vars{"passphrase": "open sesame"})
		for range 9 { // one may leave before it is compared
			ctx, leave := context.WithCancel(t.Context())
			var client sync.WaitGroup
			before := 0
			s.Row(t, "SELECT misses FROM share_links WHERE id = ?", []any{link}, &before)
			client.Go(func() { openUntil(ctx, t, s, text, "a wrong guess") })
			waitFor(t, "a try", func() bool { return s.Count(t, "share_links WHERE id = ? AND tries + misses > ?", link, before) == 1 })
			leave()
			client.Wait()
			waitFor(t, "no try", func() bool { return s.Count(t, "share_links WHERE id = ? AND tries = 0", link) == 1 })
		}
		if n := s.Count(t, "share_links WHERE id = ? AND misses > 0", link); n != 1 {
			t.Error("who does not wait for the answer guesses for nothing")
		}
	}, withLinks, dearGuesses)
}

// B21: a right passphrase that shows nothing, as the secret was disabled while it was compared, gives its try back.
//
//keyhall:norace
func TestARightTryThatShowsNothingIsGivenBack(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "the value")
		link, text := makeLink(t, ada, id, apptest.Vars{"passphrase": "open sesame"})
		right := apptest.Vars{"passphrase": "open sesame"}
		out := whileCompared(t, s, link, text, func() {
			ada.Must(t, `mutation($id: ID!) { disableSecrets(input: {ids: [$id]}) { errors { code } } }`, apptest.Vars{"id": id})
		})
		if out.Code() != "INVALID" {
			t.Errorf("the secret was disabled before it was compared: %s", out.Body)
		}
		if n := s.Count(t, "share_links WHERE id = ? AND tries = 0 AND misses = 0 AND view_count = 0", link); n != 1 {
			t.Error("its try was not given back")
		}
		ada.Must(t, `mutation($id: ID!) { enableSecrets(input: {ids: [$id]}) { errors { code } } }`, apptest.Vars{"id": id})
		if out := openTheLink(t, s, text, right); out.Text("openShareLink", "clientSecret") != "the value" {
			t.Errorf("enabled again: %s", out.Body)
		}
	}, withLinks, dearGuesses)
}

// whileCompared opens a link with the right passphrase, and has something done after the link was found and before the
// passphrase is compared.
func whileCompared(t *testing.T, s *apptest.Server, link, text string, do func()) apptest.Answer {
	t.Helper()
	stop := busy(t, s)
	answer := make(chan apptest.Answer, 1)
	go func() { answer <- openTheLink(t, s, text, apptest.Vars{"passphrase": "open sesame"}) }()
	waitFor(t, "a try", func() bool { return s.Count(t, "share_links WHERE id = ? AND tries = 1", link) == 1 })
	do()
	stop()
	return <-answer
}

// B21: a link that is sent again while somebody's passphrase is compared shows nothing at its old address from then on: neither a
// view nor a try of the new one is used.
//
//keyhall:norace
func TestALinkSentAgainShowsNothingToWhoIsStillCompared(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		link, text := makeLink(t, ada, ada.AddSecret(t, "Payments", "the value"), apptest.Vars{"passphrase": "open sesame"})
		again := ""
		out := whileCompared(t, s, link, text, func() { again = resendLink(t, ada, link) })
		if out.Code() != "INVALID" || strings.Contains(out.Body, "the value") {
			t.Errorf("the old address after it was sent again: %s", out.Body)
		}
		if n := s.Count(t, "share_links WHERE id = ? AND tries = 0 AND misses = 0 AND view_count = 0", link); n != 1 {
			t.Error("the old address used something up")
		}
		if out := openTheLink(t, s, again, apptest.Vars{"passphrase": "open sesame"}); out.Text("openShareLink", "clientSecret") != "the value" {
			t.Errorf("the new address: %s", out.Body)
		}
	}, withLinks, dearGuesses)
}

func resendLink(t *testing.T, who *apptest.Actor, link string) (token string) {
	t.Helper()
	out := who.Must(t, `mutation($id: ID!) { resendShareLink(input: {id: $id}) { url errors { code } } }`, apptest.Vars{"id": link})
	_, token, _ = strings.Cut(out.Text("resendShareLink", "url"), "#")
	return token
}

// B21: however openings fall together with the link being sent again, each view is one that was shown, and no try is left.
func TestOpeningsBesideALinkSentAgainLeaveNoTry(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		link, text := makeLink(t, ada, ada.AddSecret(t, "Payments", "the value"), apptest.Vars{"passphrase": "open sesame", "maxViews": nil})
		var shown atomic.Int64
		for range 20 {
			again := ""
			deeds := []func(){func() { again = resendLink(t, ada, link) }}
			for range 9 {
				deeds = append(deeds, func() {
					out := openTheLink(t, s, text, apptest.Vars{"passphrase": "open sesame"})
					switch {
					case out.Text("openShareLink", "clientSecret") == "the value":
						shown.Add(1)
					case out.Code() != "INVALID" && out.Code() != "CONFLICT":
						t.Errorf("an opening beside a link sent again: %s", out.Body)
					}
				})
			}
			atOnce(deeds...)
			text = again
			var views, tries, misses int64
			s.Row(t, "SELECT view_count, tries, misses FROM share_links WHERE id = ?", []any{link}, &views, &tries, &misses)
			if views != shown.Load() || tries != 0 || misses != 0 {
				t.Errorf("%d views, of which %d were shown; %d tries and %d misses are left", views, shown.Load(), tries, misses)
			}
		}
	}, withLinks)
}

// B21: a view that was taken has given its try back, also when its value cannot be opened then: no second one is given back with it,
// which would be somebody else's.
//
//keyhall:norace
func TestAViewThatCannotBeOpenedGivesItsTryBackOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		id, other := ada.AddSecret(t, "Payments", "the value"), ada.AddSecret(t, "Other", "another value")
		link, text := makeLink(t, ada, id, apptest.Vars{"passphrase": "open sesame", "maxViews": nil})
		s.SQL(t, "UPDATE sealed_versions SET ciphertext = (SELECT ciphertext FROM sealed_versions WHERE secret_id = ?) WHERE secret_id = ?", other, id)
		s.SQL(t, "UPDATE share_links SET tries = 3 WHERE id = ?", link) // of others, which are being compared
		if out := openTheLink(t, s, text, apptest.Vars{"passphrase": "open sesame"}); out.Code() != "INTERNAL" {
			t.Errorf("a value that is not what was sealed: %s", out.Body)
		}
		if n := s.Count(t, "share_links WHERE id = ? AND tries = 3 AND view_count = 1", link); n != 1 {
			t.Error("more was given back than its own try")
		}
	}, withLinks)
}
