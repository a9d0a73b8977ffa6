package browser_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"testing"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
)

// followLinks is A6, A8, A9, B21: people press the links of their mails, in a browser, and get where the mails say.
func followLinks(t *testing.T, keyhall string) {
	t.Helper()
	browser, box := chromium(t), apptest.NewMailbox(t)
	var c app.Config
	box.Config(&c)
	site := demo(t, keyhall, "KEYHALL_SMTP_URL=smtp://"+net.JoinHostPort(c.Mail.Host, c.Mail.Port)+"?tls=off", "KEYHALL_MAIL_FROM=keyhall@mail.test", "KEYHALL_SHARE_LINKS=on")
	setup := launch(t, keyhall, regexp.MustCompile(`http://\S+/setup#\S+`), "serve")
	run(t, "landing.mjs", "KEYHALL="+site, "SETUP="+setup, "MAILBOX="+postOffice(t, box), "CHROMIUM="+browser)
}

// postOffice hands the link, or the text, of the nth letter of a kind to somebody to a script: 404 until it has come.
func postOffice(t *testing.T, box *apptest.Mailbox) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.FormValue("n"))
		letters := box.Letters(mail.Kind(r.FormValue("kind")), r.FormValue("to"))
		if err != nil || n < 1 || n > len(letters) {
			http.NotFound(w, r)
			return
		}
		part := letters[n-1].Link
		if r.FormValue("part") == "text" {
			part = letters[n-1].Text
		}
		_, _ = w.Write([]byte(part))
	}))
	t.Cleanup(s.Close)
	return s.URL
}
