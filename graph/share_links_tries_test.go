package graph_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// Who has a link and not its passphrase gets a few tries, however many they send at once; then it is over for everybody.
func TestTooManyMissesEndALink(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "the value")
		link, text := makeLink(t, ada, id, apptest.Vars{"passphrase": "open sesame"})
		var mu sync.Mutex
		codes := map[string]int{}
		var guesses sync.WaitGroup
		for i := range 32 {
			guesses.Go(func() {
				out := openTheLink(t, s, text, apptest.Vars{"passphrase": "guess " + strconv.Itoa(i)})
				mu.Lock()
				defer mu.Unlock()
				codes[out.Code()]++
			})
		}
		guesses.Wait()
		if codes["BAD_CREDENTIALS"] != 10 || codes["INVALID"]+codes["CONFLICT"] != 22 {
			t.Errorf("32 guesses ended %v; ten are compared", codes)
		}
		if out := openTheLink(t, s, text, apptest.Vars{"passphrase": "open sesame"}); out.Code() != "INVALID" {
			t.Errorf("the right one after that: %s", out.Body)
		}
		if got := linkField(t, ada, id, link, "status"); got != "REVOKED" {
			t.Errorf("it is %v", got)
		}
	}, withLinks)
}

// B21: many who open a link at once, and know what it asks for, are shown the value or told to try again: it is not over.
func TestRightTriesAtOnceEndNoLink(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		link, text := makeLink(t, ada, ada.AddSecret(t, "Payments", "the value"), apptest.Vars{"passphrase": "open sesame", "maxViews": nil})
		var tries sync.WaitGroup
		for range 24 {
			tries.Go(func() {
				out := openTheLink(t, s, text, apptest.Vars{"passphrase": "open sesame"})
				if code := out.Code(); code != "CONFLICT" && out.Text("openShareLink", "clientSecret") != "the value" {
					t.Errorf("one of many: %s", out.Body)
				}
			})
		}
		tries.Wait()
		if n := s.Count(t, "share_links WHERE id = ? AND misses = 0 AND tries = 0 AND revoked_at = 0", link); n != 1 {
			t.Error("their tries were not given back")
		}
	}, withLinks)
}

// B21: a wrong try beside right ones that are not over yet is one miss, and no more. Of tries that never came to an end, and of
// misses, nothing is left when the link is sent again.
func TestAWrongTryBesideRightOnesEndsNoLink(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "the value")
		link, text := makeLink(t, ada, id, apptest.Vars{"passphrase": "open sesame", "maxViews": nil})
		wrong, right := apptest.Vars{"passphrase": "guess"}, apptest.Vars{"passphrase": "open sesame"}
		s.SQL(t, "UPDATE share_links SET tries = 9 WHERE id = ?", link) // nine right ones are being compared
		if out := openTheLink(t, s, text, wrong); out.Code() != "BAD_CREDENTIALS" {
			t.Errorf("a wrong one beside them: %s", out.Body)
		}
		if out := openTheLink(t, s, text, right); out.Code() != "CONFLICT" {
			t.Errorf("one more than may be wrong: %s", out.Body)
		}
		if got := linkField(t, ada, id, link, "status"); got != "OPEN" {
			t.Errorf("it is %v", got)
		}
		again := resendLink(t, ada, link)
		if old := openTheLink(t, s, text, right); old.Code() != "INVALID" {
			t.Errorf("the one before: %s", old.Body)
		}
		for range 9 {
			if out := openTheLink(t, s, again, wrong); out.Code() != "BAD_CREDENTIALS" {
				t.Errorf("a wrong one after it was sent again: %s", out.Body)
			}
		}
		if out := openTheLink(t, s, again, right); out.Text("openShareLink", "clientSecret") != "the value" {
			t.Errorf("the right one: %s", out.Body)
		}
	}, withLinks)
}
