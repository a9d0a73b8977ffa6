package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/keyhall/keyhall/graph"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
)

// accountLinks are mailed for an address and for a password, put in wrong places, and followed; the password is replaced
// three times. The mail server is the one place for the links, and there is none for the passwords.
func (l *life) accountLinks(box *apptest.Mailbox, ada *apptest.Actor) {
	l.t.Helper()
	dora, passwords := l.Unverified(l.t, "dora"), []string{apptest.Password}
	for i := range 4 {
		passwords = append(passwords, fmt.Sprintf("dora %d new pass\"w\\ord <ü> 40be7c", i))
		l.c[fmt.Sprintf("the password of dora, %d", i)] = passwords[i+1]
	}
	l.misused("the first link for the address", ada, passwords[1], box.Await(l.t, mail.VerifyEmail, dora.Email, 1))
	l.keep("asking for another", l.Anonymous().Must(l.t, resendVerification, toAddress(dora.Email)))
	address := l.misused("the second link for the address", ada, passwords[1], box.Await(l.t, mail.VerifyEmail, dora.Email, 2))
	l.keep("asking for a link for a password", l.Anonymous().Must(l.t, requestReset, toAddress(dora.Email)))
	reset := l.misused("the link for the password", ada, passwords[1], box.Await(l.t, mail.ResetPassword, dora.Email, 1))
	l.SQL(l.t, "ALTER TABLE access_tokens RENAME TO gone")
	if out := l.keep("a new password that is not kept", l.Anonymous().Do(l.t, resetPassword, toReset(reset, passwords[1]))); out.Code() != "INTERNAL" {
		l.t.Errorf("without access_tokens: %s", out.Body)
	}
	l.SQL(l.t, "ALTER TABLE gone RENAME TO access_tokens")
	l.keep("verifying", l.Anonymous().Must(l.t, verifyEmail, withToken(address)))
	l.keep("verifying again", l.Anonymous().Do(l.t, verifyEmail, withToken(address)))
	l.keep("a new password", l.Anonymous().Must(l.t, resetPassword, toReset(reset, passwords[1])))
	l.keep("a new password again", l.Anonymous().Do(l.t, resetPassword, toReset(reset, passwords[2])))
	l.changes(dora, passwords)
	for _, m := range box.Letters("", "") {
		for i, password := range passwords {
			if strings.Contains(m.Text+m.HTML+m.Subject, password) {
				l.t.Errorf("password %d is in a letter: %s", i, m.Subject)
			}
		}
	}
}

// misused is the link of a letter, after it was put where it does not belong.
func (l *life) misused(name string, ada *apptest.Actor, password string, m apptest.Message) string {
	l.t.Helper()
	l.c.token(name, m.Token)
	other := strings.NewReplacer("khe_", "khr_", "khr_", "khe_").Replace(m.Token)
	for form, text := range map[string]string{"half of ": m.Token[:len(m.Token)-1], "twice ": m.Token + m.Token, "renamed, ": other} {
		l.keep("verifying by "+form+name, ada.Do(l.t, verifyEmail, withToken(text)))
		l.keep("a new password by "+form+name, ada.Do(l.t, resetPassword, toReset(text, password)))
	}
	l.keep(name+" as a credential", ada.WithToken(m.Token).Do(l.t, `{ viewer { email } }`, nil))
	l.keep(name+" as an address", l.Anonymous().Do(l.t, requestReset, toAddress(m.Token)))
	l.keep(name+" as an id", ada.Do(l.t, setStatus, apptest.Vars{"id": m.Token, "suspended": true}))
	return m.Token
}

// changes of a password by who is signed in: two that are done, and what is refused between them.
func (l *life) changes(dora *apptest.Actor, passwords []string) {
	l.t.Helper()
	in := l.keep("a sign-in", l.Anonymous().Must(l.t, signIn, credentials(dora.Username, passwords[1])))
	l.session("dora", in)
	for _, c := range []struct{ current, next, code string }{
		{passwords[2], passwords[3], "BAD_CREDENTIALS"}, {passwords[1], strings.Repeat(passwords[2], 50), "TOO_LONG"},
		{passwords[1], passwords[2], ""}, {passwords[1], passwords[3], "BAD_CREDENTIALS"}, {passwords[2], passwords[4], ""},
	} {
		body := leakMust(json.Marshal(map[string]any{"query": changePassword, "variables": apptest.Vars{"current": c.current, "next": c.next}}))
		req, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, l.URL+"/graphql", bytes.NewReader(body))
		if err != nil {
			l.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Cookie", graph.SessionCookie+"="+theCookie(in).Value)
		if out := l.keep("a change of a password", l.Anonymous().Send(l.t, req)); out.Code() != c.code {
			l.t.Errorf("want %q: %s", c.code, out.Body)
		}
	}
}
