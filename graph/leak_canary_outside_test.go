package graph_test

import (
	"regexp"
	"strings"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
)

// outside are links to people without an account: made, sent again, guessed, put in wrong places and opened. The address is in
// the one answer that shows it, the code in its letter, the passphrase nowhere, and the value in the answer of an opening.
func (l *life) outside(box *apptest.Mailbox, ada *apptest.Actor) {
	l.t.Helper()
	l.c["value 9"], l.c["the passphrase"], l.c["a wrong passphrase"] = "a value for outside 5f1e90b7", "pass phrase <ö> of a \"link\" 1d44", "another phrase \\ 99c01e"
	id := ada.AddSecret(l.t, "for outside", l.c["value 9"])
	ask := apptest.Vars{"in": apptest.Vars{"secretId": id, "expiresInSeconds": 3600, "maxViews": 2, "passphrase": l.c["the passphrase"], "recipientEmail": "eve@mail.test"}}
	out := ada.Once(l.t, createLink, ask, l.idempotencyKey(30))
	link, address := out.Text("createShareLink", "shareLink", "id"), out.Text("createShareLink", "url")
	_, first, _ := strings.Cut(address, "#")
	l.c.token("the first address", first)
	l.keep("createShareLink", out, "the first address")
	l.keep("createShareLink again", ada.Once(l.t, createLink, ask, l.idempotencyKey(30)))
	box.Await(l.t, mail.ShareLinkCode, "eve@mail.test", 1) // one that still waits is taken back
	out = ada.Must(l.t, `mutation($id: ID!) { resendShareLink(input: {id: $id}) { shareLink { id status } url errors { code message } } }`, apptest.Vars{"id": link})
	_, second, _ := strings.Cut(out.Text("resendShareLink", "url"), "#")
	l.c.token("the second address", second)
	l.keep("resendShareLink", out, "the second address")
	code := codeIn(box.Await(l.t, mail.ShareLinkCode, "eve@mail.test", 2))
	for _, more := range []apptest.Vars{
		nil, {"passphrase": l.c["a wrong passphrase"], "code": code}, {"passphrase": l.c["the passphrase"], "code": "12"},
		{"passphrase": code, "code": l.c["the passphrase"]}, {"passphrase": strings.Repeat(l.c["a wrong passphrase"], 200), "code": code},
	} {
		l.keep("a guess", openTheLink(l.t, l.Server, second, more))
	}
	right := apptest.Vars{"passphrase": l.c["the passphrase"], "code": code}
	l.keep("the first address", openTheLink(l.t, l.Server, first, right))
	l.keep("half of an address", openTheLink(l.t, l.Server, second[:len(second)-1], right))
	l.keep("an address as a credential", ada.WithToken(second).Do(l.t, `{ viewer { email } }`, nil))
	l.keep("an address as an id", ada.Do(l.t, `mutation($id: ID!) { revokeShareLink(input: {id: $id}) { errors { code message } } }`, apptest.Vars{"id": second}))
	l.keep("an address as a mailbox", ada.Do(l.t, createLink, apptest.Vars{"in": apptest.Vars{"secretId": id, "expiresInSeconds": 60, "recipientEmail": second}}))
	l.SQL(l.t, "ALTER TABLE sealed_versions RENAME TO gone")
	if out := l.keep("an opening that fails", openTheLink(l.t, l.Server, second, right)); out.Code() != "INTERNAL" {
		l.t.Errorf("without sealed_versions: %s", out.Body)
	}
	l.SQL(l.t, "ALTER TABLE gone RENAME TO sealed_versions")
	if out := l.keep("an opening", openTheLink(l.t, l.Server, second, right), "value 9"); out.Text("openShareLink", "clientSecret") != l.c["value 9"] {
		l.t.Errorf("opened: %s", out.Body)
	}
	l.keep("the links", ada.Must(l.t, `query($id: ID!) { secret(id: $id) { shareLinks(first: 5) { nodes { id status viewsLeft recipientEmail createdBy { id } } } } }`, apptest.Vars{"id": id}))
	for _, m := range box.Letters("", "") {
		l.c.in(l.t, "the letter "+m.Subject, []byte(m.Raw), "link", "the first link", "the second link", "the link")
	}
	alone := regexp.MustCompile(`(^|\D)` + code + `($|\D)`)
	for table, columns := range l.tables(l.t) {
		if alone.MatchString(strings.Join(l.dump(l.t, table, columns, "1 = 1"), "\n")) {
			l.t.Errorf("the code of a link is in the table %s", table)
		}
	}
	if alone.MatchString(l.Log.String()) {
		l.t.Error("the code of a link is in the log")
	}
}

// codeIn is the code that a letter says.
func codeIn(m apptest.Message) string {
	return regexp.MustCompile(`(?m)^\d{8}$`).FindString(strings.ReplaceAll(m.Text, "\r", ""))
}
