package graph_test

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/limit"
	"github.com/keyhall/keyhall/internal/mail"
	"github.com/keyhall/keyhall/internal/token"
)

// withLinks switches one-time links on, for a week at most.
func withLinks(c *app.Config) { c.ShareLinks = 7 * 24 * time.Hour }

const createLink = `mutation($in: CreateShareLinkInput!) { createShareLink(input: $in) { shareLink { id status viewsLeft viewCount recipientEmail expiresAt
	passphraseRequired codeRequired createdBy { id } lastViewedAt } url errors { code message path } } }`

const openLink = `mutation($in: OpenShareLinkInput!) { openShareLink(input: $in) { name clientId clientSecret viewsLeft errors { code message path } } }`

// makeLink makes a link of an hour and one view, unless more says otherwise, and returns its id and its token.
func makeLink(t *testing.T, who *apptest.Actor, secretID string, more apptest.Vars) (id, token string) {
	t.Helper()
	in := apptest.Vars{"secretId": secretID, "expiresInSeconds": 3600}
	for name, value := range more {
		in[name] = value
	}
	out := who.Must(t, createLink, apptest.Vars{"in": in})
	_, token, _ = strings.Cut(out.Text("createShareLink", "url"), "#")
	return out.Text("createShareLink", "shareLink", "id"), token
}

func openTheLink(t *testing.T, s *apptest.Server, token string, more apptest.Vars) apptest.Answer {
	t.Helper()
	in := apptest.Vars{"token": token}
	for name, value := range more {
		in[name] = value
	}
	return s.Anonymous().Do(t, openLink, apptest.Vars{"in": in})
}

func linkField(t *testing.T, who *apptest.Actor, secretID, linkID, field string) any {
	t.Helper()
	out := who.Must(t, `query($id: ID!) { secret(id: $id) { shareLinks(first: 100) { nodes { id `+field+` } } } }`, apptest.Vars{"id": secretID})
	nodes, _ := out.At("secret", "shareLinks", "nodes").([]any)
	for _, n := range nodes {
		if row := n.(map[string]any); row["id"] == linkID {
			return row[field]
		}
	}
	t.Fatalf("no link %s: %s", linkID, out.Body)
	return nil
}

// B21: a link hands one version of a secret to somebody without an account, once, and everybody who should sees that it did.
//
//keyhall:norace
func TestALinkHandsASecretToSomebodyOutside(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "the value")
		made := ada.Must(t, createLink, apptest.Vars{"in": apptest.Vars{"secretId": id, "expiresInSeconds": 3600}})
		for field, want := range map[string]any{
			"status": "OPEN", "viewsLeft": 1.0, "viewCount": 0.0, "recipientEmail": nil, "passphraseRequired": false, "codeRequired": false, "lastViewedAt": nil,
		} {
			if got := made.At("createShareLink", "shareLink", field); got != want {
				t.Errorf("%s of a new link is %v, want %v", field, got, want)
			}
		}
		link, url := made.Text("createShareLink", "shareLink", "id"), made.Text("createShareLink", "url")
		if !regexp.MustCompile(`^` + regexp.QuoteMeta(s.URL) + `/share#khl_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$`).MatchString(url) {
			t.Errorf("the link is %s", url)
		}
		if got := made.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("the link may be kept: %q", got)
		}
		_, text, _ := strings.Cut(url, "#")

		for range 3 { // what looks at the page, and asks by GET, uses nothing up
			for _, path := range []string{"/share", "/graphql?query=" + "mutation%7BopenShareLink(input:%7Btoken:%22" + text + "%22%7D)%7BclientSecret%7D%7D"} {
				resp, err := http.Get(s.URL + path)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
			}
		}
		if got := linkField(t, ada, id, link, "viewCount"); got != 0.0 {
			t.Errorf("GET used up %v views", got)
		}
		ada.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, name: "Renamed", clientId: "other", clientSecret: "a later value"}) { errors { code } } }`, apptest.Vars{"id": id})

		shown := openTheLink(t, s, text, nil)
		for field, want := range map[string]any{"name": "Payments", "clientId": "client", "clientSecret": "the value", "viewsLeft": 0.0} {
			if got := shown.At("openShareLink", field); got != want {
				t.Errorf("the link shows %s %v, want %v: it is of what the secret was", field, got, want)
			}
		}
		if got := shown.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("the value may be kept: %q", got)
		}
		if again := openTheLink(t, s, text, nil); again.Code() != "INVALID" || strings.Contains(again.Body, "the value") {
			t.Errorf("the second time: %s", again.Body)
		}
		for field, want := range map[string]any{"status": "EXHAUSTED", "viewsLeft": 0.0, "viewCount": 1.0} {
			if got := linkField(t, ada, id, link, field); got != want {
				t.Errorf("%s of the opened link is %v, want %v", field, got, want)
			}
		}
		if linkField(t, ada, id, link, "lastViewedAt") == nil {
			t.Error("nobody sees when it was opened")
		}
		seen := ada.Must(t, `query($id: ID!) { secret(id: $id) { lastUsedAt revealCount } }`, apptest.Vars{"id": id})
		if seen.At("secret", "lastUsedAt") == nil || seen.At("secret", "revealCount") != 1.0 {
			t.Errorf("the secret says %s", seen.Body)
		}
		var types []string
		for _, e := range s.AuditTrail(t, id) {
			if strings.HasPrefix(e.Type, "share_link.") {
				types = append(types, e.Type)
				if want := map[bool]string{true: ada.ID}[e.Type == "share_link.created"]; e.Actor != want || e.Change("link") != link {
					t.Errorf("%s by %q of %q, want by %q of %q", e.Type, e.Actor, e.Change("link"), want, link)
				}
			}
		}
		slices.Sort(types)
		if want := []string{"share_link.created", "share_link.exhausted", "share_link.opened"}; !slices.Equal(types, want) {
			t.Errorf("the audit trail has %v, want %v", types, want)
		}
		if n := s.Count(t, "audit_events WHERE type = 'share_link.opened' AND actor_id IS NULL AND actor_kind = 'none' AND ip <> '' AND permission = 'share_link.open'"); n != 1 {
			t.Errorf("%d rows say from where it was opened", n)
		}
	}, withLinks)
}

// B21: it needs somebody to switch it on, and can be switched off; what was made then shows nothing.
//
//keyhall:norace
func TestLinksAreOffUntilTheyAreSwitchedOn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		on := s.Beside(t, withLinks)
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "the value")
		in := apptest.Vars{"in": apptest.Vars{"secretId": id, "expiresInSeconds": 3600}}
		out := ada.Do(t, createLink, in)
		if out.Code() != "FORBIDDEN" || len(out.Errors[0].Extensions.Reasons) != 1 || !strings.Contains(out.Errors[0].Extensions.Reasons[0], "switched off") {
			t.Errorf("while it is off: %s", out.Body)
		}
		const can = `query($id: ID!) { secret(id: $id) { viewerCan(of: ["secret.share_outside"]) } }`
		for where, want := range map[string]int{s.URL: 0, on.URL: 1} {
			got, _ := ada.At(where).Must(t, can, apptest.Vars{"id": id}).At("secret", "viewerCan").([]any)
			if len(got) != want {
				t.Errorf("at %s ada can %v", where, got)
			}
		}
		link, text := makeLink(t, ada.At(on.URL), id, nil)
		if out := openTheLink(t, s, text, nil); out.Code() != "INVALID" || strings.Contains(out.Body, "the value") {
			t.Errorf("a link where they are off: %s", out.Body)
		}
		if got := linkField(t, ada, id, link, "status"); got != "OPEN" { // its maker still sees it
			t.Errorf("it is %v", got)
		}
		if got := openTheLink(t, on, text, nil).Text("openShareLink", "clientSecret"); got != "the value" {
			t.Errorf("where they are on it shows %q", got)
		}
	})
}

// B21: what was handed out is taken back also while links are switched off: else it would open again with the switch. Sending it again
// makes a new address, and needs them on.
//
//keyhall:norace
func TestALinkIsTakenBackWhileLinksAreOff(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		on := s.Beside(t, withLinks)
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		id := ada.AddSecret(t, "Payments", "the value")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, apptest.Vars{"canEdit": true})
		link, text := makeLink(t, ada.At(on.URL), id, nil)
		const resend = `mutation($id: ID!) { resendShareLink(input: {id: $id}) { url errors { code } } }`
		const revoke = `mutation($id: ID!) { revokeShareLink(input: {id: $id}) { shareLink { status } errors { code } } }`
		if got := ada.Do(t, resend, apptest.Vars{"id": link}).Code(); got != "FORBIDDEN" {
			t.Errorf("sending it again while they are off: %q", got)
		}
		if got := ben.Do(t, revoke, apptest.Vars{"id": link}).Code(); got != "NOT_FOUND" {
			t.Errorf("who can edit revokes it: %q", got)
		}
		for range 2 { // the second time changes nothing
			if out := ada.Do(t, revoke, apptest.Vars{"id": link}); out.Text("revokeShareLink", "shareLink", "status") != "REVOKED" {
				t.Errorf("revoked while they are off: %s", out.Body)
			}
		}
		if out := openTheLink(t, on, text, nil); out.Code() != "INVALID" || strings.Contains(out.Body, "the value") {
			t.Errorf("where they are on it still opens: %s", out.Body)
		}
		if n := s.Count(t, "audit_events WHERE type = 'share_link.revoked' AND permission = 'secret.unshare' AND resource_id = ?", id); n != 1 {
			t.Errorf("%d rows tell that it was revoked", n)
		}
	})
}

// Nobody learns from an answer whether a link ever was one: unknown, over, and not allowed any more are answered alike.
//
//keyhall:norace
func TestAnUnknownLinkIsAnsweredAsOneThatIsOver(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		want := openTheLink(t, s, token.New(token.ShareLink).Expose(), nil)
		if want.Code() != "INVALID" || want.Status != http.StatusOK {
			t.Fatalf("an unknown link: %s", want.Body)
		}
		over := map[string]func(ada *apptest.Actor, secret, link string){
			"revoked": func(ada *apptest.Actor, _, link string) {
				ada.Must(t, `mutation($id: ID!) { revokeShareLink(input: {id: $id}) { shareLink { status } errors { code } } }`, apptest.Vars{"id": link})
			},
			"expired": func(_ *apptest.Actor, _, link string) {
				s.SQL(t, "UPDATE share_links SET expires_at = 1 WHERE id = ?", link)
			},
			"used up": func(_ *apptest.Actor, _, link string) {
				s.SQL(t, "UPDATE share_links SET view_count = 1 WHERE id = ?", link)
			},
			"of an expired secret": func(_ *apptest.Actor, id, _ string) { s.SQL(t, "UPDATE secrets SET expires_at = 1 WHERE id = ?", id) },
			"of a disabled secret": func(ada *apptest.Actor, id, _ string) {
				ada.Must(t, `mutation($id: ID!) { disableSecrets(input: {ids: [$id]}) { errors { code } } }`, apptest.Vars{"id": id})
			},
			"of a deleted secret": func(ada *apptest.Actor, id, _ string) {
				ada.Must(t, `mutation($id: ID!) { deleteSecret(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": id})
			},
			"of who was suspended": func(ada *apptest.Actor, _, _ string) {
				s.SQL(t, "UPDATE users SET suspended_at = 1 WHERE id = ?", ada.ID)
			},
			"of who left": func(ada *apptest.Actor, _, _ string) {
				s.SQL(t, "DELETE FROM organization_members WHERE organization_id = ? AND user_id = ?", ada.Home, ada.ID)
			},
			"of who owns it no more": func(ada *apptest.Actor, id, _ string) {
				s.SQL(t, "UPDATE secrets SET owner_id = ? WHERE id = ?", s.Actor(t, "heir").ID, id)
			},
			"sent again": func(ada *apptest.Actor, _, link string) {
				ada.Must(t, `mutation($id: ID!) { resendShareLink(input: {id: $id}) { url errors { code } } }`, apptest.Vars{"id": link})
			},
		}
		for what, end := range over {
			ada := s.Actor(t, "ada")
			id := ada.AddSecret(t, "Payments", "the value")
			phrase := apptest.Vars{"passphrase": "open sesame"}
			link, text := makeLink(t, ada, id, phrase)
			end(ada, id, link)
			for _, more := range []apptest.Vars{nil, phrase} {
				if got := openTheLink(t, s, text, more); got.Body != want.Body {
					t.Errorf("a link %s: %s\nan unknown one: %s", what, got.Body, want.Body)
				}
			}
		}
		ada := s.Actor(t, "ada")
		_, text := makeLink(t, ada, ada.AddSecret(t, "Payments", "the value"), nil)
		other := token.New(token.ShareLink).Expose()
		for what, forged := range map[string]string{
			"its id with another proof": checked(text[:17] + other[17:len(other)-6]), "another kind": token.New(token.AccessToken).Expose(),
			"nothing": "", "garbage": "khl_x", "one character less": text[:len(text)-1], "an address": s.URL + "/share#" + text,
		} {
			if got := openTheLink(t, s, forged, nil); got.Body != want.Body {
				t.Errorf("%s: %s", what, got.Body)
			}
		}
		if got := openTheLink(t, s, text, nil).Text("openShareLink", "clientSecret"); got != "the value" {
			t.Errorf("after all that the link shows %q", got)
		}
	}, withLinks)
}

// checked finds the checksum of a forged token, as anybody can: it is six characters of 62, of a number below 2^32.
func checked(body string) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	crc := ^uint32(0)
	for i := range len(body) {
		crc ^= uint32(body[i])
		for range 8 {
			crc = crc>>1 ^ 0xEDB88320&-(crc&1)
		}
	}
	n, out := ^crc, make([]byte, 6)
	for i := 5; i >= 0; i-- {
		out[i], n = alphabet[n%62], n/62
	}
	return body + string(out)
}

// However many open a link at once, it shows as many values as it has views.
func TestALinkShowsNoMoreThanItsViews(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		beside := s.Beside(t, withLinks)
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "the value")
		for _, views := range []int{1, 3} {
			link, text := makeLink(t, ada, id, apptest.Vars{"maxViews": views})
			var mu sync.Mutex
			shown, codes := 0, map[string]int{}
			var clients sync.WaitGroup
			for i := range 32 {
				clients.Go(func() {
					out := openTheLink(t, []*apptest.Server{s, beside}[i%2], text, nil)
					mu.Lock()
					defer mu.Unlock()
					codes[out.Code()]++
					if out.Text("openShareLink", "clientSecret") == "the value" {
						shown++
					}
				})
			}
			clients.Wait()
			opened := 0
			for _, e := range s.AuditTrail(t, id) {
				if e.Type == "share_link.opened" && e.Change("link") == link {
					opened++
				}
			}
			if shown != views || opened != views || linkField(t, ada, id, link, "viewCount") != float64(views) {
				t.Errorf("%d views: %d values, %d rows, %v counted, codes %v", views, shown, opened, linkField(t, ada, id, link, "viewCount"), codes)
			}
		}
	}, withLinks)
}

// B21: the code comes by mail, apart from the link; the passphrase is known. Neither is in a row, and a miss uses no view up.
//
//keyhall:norace
func TestALinkAsksForItsPassphraseAndItsCode(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "the value")
		link, text := makeLink(t, ada, id, apptest.Vars{"passphrase": "open sesame", "recipientEmail": " Eve@Mail.test"})
		if linkField(t, ada, id, link, "codeRequired") != true || linkField(t, ada, id, link, "passphraseRequired") != true || linkField(t, ada, id, link, "recipientEmail") != "eve@mail.test" {
			t.Error("the link does not say what it asks for")
		}
		letter := box.Await(t, mail.ShareLinkCode, "eve@mail.test", 1)
		code := codeIn(letter)
		if code == "" || letter.Token != "" || strings.Contains(letter.Raw, text) || strings.Contains(letter.Raw, "Payments") || strings.Contains(letter.Subject, code) {
			t.Fatalf("the letter is %s\n%s", letter.Subject, letter.Text)
		}
		none := openTheLink(t, s, text, nil)
		if paths := none.At("openShareLink", "errors"); none.Code() != "REQUIRED" || len(paths.([]any)) != 2 {
			t.Errorf("without both: %s", none.Body)
		}
		wrong := strconv.Itoa(10_000_000 + (atoi(code)+1)%90_000_000)
		for what, more := range map[string]apptest.Vars{
			"a wrong passphrase": {"passphrase": "open sesam", "code": code}, "a wrong code": {"passphrase": "open sesame", "code": wrong},
			"both wrong": {"passphrase": "x", "code": "y"}, "no real code": {"passphrase": "open sesame", "code": "0"},
		} {
			if out := openTheLink(t, s, text, more); out.Code() != "BAD_CREDENTIALS" || strings.Contains(out.Body, "the value") {
				t.Errorf("%s: %s", what, out.Body)
			}
		}
		if n := s.Count(t, "audit_events WHERE type = 'share_link.refused' AND resource_id = ? AND actor_id IS NULL", id); n != 4 {
			t.Errorf("%d misses are recorded", n)
		}
		if got := linkField(t, ada, id, link, "viewCount"); got != 0.0 {
			t.Errorf("the misses used up %v views", got)
		}
		shown := openTheLink(t, s, text, apptest.Vars{"passphrase": "open sesame", "code": " " + code[:4] + " " + code[4:]})
		if shown.Text("openShareLink", "clientSecret") != "the value" {
			t.Errorf("with both: %s", shown.Body)
		}
		if n := s.Count(t, "share_links WHERE id = ? AND misses = 4", link); n != 1 {
			t.Error("a right guess counts as a miss")
		}
	}, withLinks)
}

func atoi(s string) int { n, _ := strconv.Atoi(s); return n }

// B21: a link that is sent again has another address and another code; its views and its passphrase stay. Only its maker does that.
//
//keyhall:norace
func TestALinkIsSentAgainAndTakenBack(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		id := ada.AddSecret(t, "Payments", "the value")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, apptest.Vars{"canEdit": true})
		link, text := makeLink(t, ada, id, apptest.Vars{"recipientEmail": "eve@mail.test", "maxViews": 2})
		code := func(n int) string {
			return codeIn(box.Await(t, mail.ShareLinkCode, "eve@mail.test", n))
		}
		first := code(1)
		if got := openTheLink(t, s, text, apptest.Vars{"code": first}).Text("openShareLink", "clientSecret"); got != "the value" {
			t.Errorf("the link shows %q", got)
		}
		const resend = `mutation($id: ID!) { resendShareLink(input: {id: $id}) { shareLink { viewsLeft status } url errors { code message } } }`
		const revoke = `mutation($id: ID!) { revokeShareLink(input: {id: $id}) { shareLink { status } errors { code message } } }`
		for _, who := range []*apptest.Actor{ben, s.Actor(t, "stranger")} {
			for _, ask := range []string{resend, revoke} {
				if got := who.Do(t, ask, apptest.Vars{"id": link}).Code(); got != "NOT_FOUND" {
					t.Errorf("%s does %s: %q", who.Username, ask, got)
				}
			}
			if out := who.Do(t, `query($id: ID!) { node(id: $id) { id } }`, apptest.Vars{"id": link}); out.Code() != "NOT_FOUND" {
				t.Errorf("%s sees the link: %s", who.Username, out.Body)
			}
		}
		if out := ben.Do(t, `query($id: ID!) { secret(id: $id) { shareLinks(first: 1) { totalCount } } }`, apptest.Vars{"id": id}); out.Code() != "FORBIDDEN" {
			t.Errorf("who can edit sees the links: %s", out.Body)
		}
		out := ada.Must(t, resend, apptest.Vars{"id": link})
		_, again, _ := strings.Cut(out.Text("resendShareLink", "url"), "#")
		second := code(2)
		if again == text || second == first || out.At("resendShareLink", "shareLink", "viewsLeft") != 1.0 {
			t.Errorf("sent again: %s", out.Body)
		}
		if got := openTheLink(t, s, text, apptest.Vars{"code": first}).Code(); got != "INVALID" {
			t.Errorf("the address before: %q", got)
		}
		if got := openTheLink(t, s, again, apptest.Vars{"code": first}).Code(); got != "BAD_CREDENTIALS" {
			t.Errorf("the code before: %q", got)
		}
		for range 2 { // the second time changes nothing
			if got := ada.Must(t, revoke, apptest.Vars{"id": link}).Text("revokeShareLink", "shareLink", "status"); got != "REVOKED" {
				t.Errorf("revoked: %q", got)
			}
		}
		if got := openTheLink(t, s, again, apptest.Vars{"code": second}).Code(); got != "INVALID" {
			t.Errorf("after it was revoked: %q", got)
		}
		if got := ada.Do(t, resend, apptest.Vars{"id": link}).Code(); got != "INVALID" {
			t.Errorf("sending a revoked one again: %q", got)
		}
		if n := s.Count(t, "audit_events WHERE type = 'share_link.revoked' AND resource_id = ?", id); n != 1 {
			t.Errorf("%d rows tell that it was revoked", n)
		}
	}, withLinks)
}

// B21: the recipient is mailed when the time of a link is over, once, however many processes look; not of one that ended otherwise.
func TestTheRecipientIsToldThatALinkExpired(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		beside := s.Beside(t, box.Config, withLinks)
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "the value")
		links := map[string]string{}
		for _, name := range []string{"late", "revoked", "used", "lasting"} {
			links[name], _ = makeLink(t, ada, id, apptest.Vars{"recipientEmail": name + "@mail.test"})
		}
		silent, _ := makeLink(t, ada, id, nil)
		s.SQL(t, "UPDATE share_links SET revoked_at = 1 WHERE id = ?", links["revoked"])
		s.SQL(t, "UPDATE share_links SET view_count = 1 WHERE id = ?", links["used"])
		s.SQL(t, "UPDATE share_links SET expires_at = 1 WHERE id <> ?", links["lasting"])
		var processes sync.WaitGroup
		for i := range 8 {
			processes.Go(func() {
				if err := []*apptest.Server{s, beside}[i%2].App.House.EndShareLinks(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		processes.Wait()
		letter := box.Await(t, mail.ShareLinkExpired, "late@mail.test", 1)
		if strings.Contains(letter.Raw, "the value") || strings.Contains(letter.Raw, "Payments") || letter.Token != "" {
			t.Errorf("the letter is %s", letter.Text)
		}
		if n := s.Count(t, "mails WHERE kind = 'share_link_expired'"); n != 1 {
			t.Errorf("%d letters tell of an expiry", n)
		}
		var told []string
		for _, e := range s.AuditTrail(t, id) {
			if e.Type == "share_link.expired" {
				told = append(told, e.Change("link"))
			}
		}
		slices.Sort(told)
		want := []string{links["late"], silent}
		if slices.Sort(want); !slices.Equal(told, want) {
			t.Errorf("recorded of %v, want %v", told, want)
		}
		if got := linkField(t, ada, id, links["late"], "status"); got != "EXPIRED" {
			t.Errorf("it is %v", got)
		}
	}, withLinks)
}

// B21: what a link may be: no longer than the operator allows, and not of a secret without a value.
//
//keyhall:norace
func TestWhatALinkMayBe(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		id := ada.AddSecret(t, "Payments", "the value")
		empty := ada.Must(t, `mutation($org: ID!) { createSecret(input: {organizationId: $org, name: "n", url: "https://x.example", clientId: "c"}) { secret { id } errors { code } } }`,
			apptest.Vars{"org": ada.Home}).Text("createSecret", "secret", "id")
		week := 7 * 24 * 3600
		for what, c := range map[string]struct {
			in   apptest.Vars
			code string
		}{
			"a week":                  {apptest.Vars{"expiresInSeconds": week}, ""},
			"a second more":           {apptest.Vars{"expiresInSeconds": week + 1}, "EXPIRY_TOO_LONG"},
			"all numbers":             {apptest.Vars{"expiresInSeconds": 2147483647}, "EXPIRY_TOO_LONG"},
			"a minute":                {apptest.Vars{"expiresInSeconds": 60}, ""},
			"a second less":           {apptest.Vars{"expiresInSeconds": 59}, "INVALID"},
			"before now":              {apptest.Vars{"expiresInSeconds": -3600}, "INVALID"},
			"no views":                {apptest.Vars{"maxViews": 0}, "INVALID"},
			"less than none":          {apptest.Vars{"maxViews": -1}, "INVALID"},
			"1000 views":              {apptest.Vars{"maxViews": 1000}, ""},
			"1001 views":              {apptest.Vars{"maxViews": 1001}, "INVALID"},
			"any number of views":     {apptest.Vars{"maxViews": nil}, ""},
			"an empty passphrase":     {apptest.Vars{"passphrase": ""}, "INVALID"},
			"a short passphrase":      {apptest.Vars{"passphrase": "1234567"}, "INVALID"},
			"a passphrase":            {apptest.Vars{"passphrase": "12345678"}, ""},
			"a long passphrase":       {apptest.Vars{"passphrase": strings.Repeat("x", 1001)}, "TOO_LONG"},
			"no address":              {apptest.Vars{"recipientEmail": "eve"}, "INVALID"},
			"two addresses":           {apptest.Vars{"recipientEmail": "eve@mail.test, fay@mail.test"}, "INVALID"},
			"an address without mail": {apptest.Vars{"recipientEmail": "eve@mail.test"}, ""},
			"a secret without value":  {apptest.Vars{"secretId": empty}, "INVALID"},
		} {
			in := apptest.Vars{"secretId": id, "expiresInSeconds": 3600}
			for name, value := range c.in {
				in[name] = value
			}
			out := ada.Do(t, createLink, apptest.Vars{"in": in})
			if out.Code() != c.code || (c.code == "") != strings.Contains(out.Body, "#khl_") {
				t.Errorf("%s: %q, want %q: %s", what, out.Code(), c.code, out.Body)
			}
			if out.At("createShareLink", "shareLink", "codeRequired") == true {
				t.Errorf("%s: a code that nobody gets is asked for", what)
			}
		}
		_, text := makeLink(t, ada, id, apptest.Vars{"maxViews": nil})
		for range 3 {
			if out := openTheLink(t, s, text, nil); out.Text("openShareLink", "clientSecret") != "the value" || out.At("openShareLink", "viewsLeft") != nil {
				t.Errorf("any number of times: %s", out.Body)
			}
		}
	}, withLinks)
}

// Links are not tried without end, whatever is tried.
//
//keyhall:norace
func TestTryingLinksIsThrottled(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		for range 3 {
			if got := openTheLink(t, s, "khl_x", nil).Code(); got != "INVALID" {
				t.Errorf("a try: %q", got)
			}
		}
		if out := openTheLink(t, s, "khl_x", nil); out.Code() != "RATE_LIMITED" || out.Errors[0].Extensions.RetryAfter < 1 {
			t.Errorf("the fourth try: %s", out.Body)
		}
	}, withLinks, func(c *app.Config) { c.Openings = limit.Rate{Count: 3, Per: time.Hour} })
}
