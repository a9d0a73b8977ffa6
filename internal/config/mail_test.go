package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/config"
)

// Mail is encrypted unless its server is on this machine and the operator says so.
func TestTheMailServerIsAURLAndEncrypted(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"smtp://mail.example.com": "starttls mail.example.com:587", "smtp://u:p@mail.example.com:25": "starttls mail.example.com:25",
		"smtps://u:p@mail.example.com/": "smtps mail.example.com:465", "smtps://mail.example.com:8465": "smtps mail.example.com:8465",
		"smtp://127.0.0.1:1025?tls=off": "plain 127.0.0.1:1025", "smtp://localhost?tls=off": "plain localhost:587", "smtp://[::1]:25?tls=off": "plain ::1:25",
		"smtp://mail.example.com?tls=off": "", "smtp://10.0.0.1?tls=off": "", "smtps://localhost?tls=off": "", "smtp://mail.example.com?tls=on": "",
		"smtp://mail.example.com?tls=off&tls=off": "", "mail.example.com:587": "", "http://mail.example.com": "", "smtp://": "", "smtp://:587": "",
		"smtp://mail.example.com:0": "", "smtp://mail.example.com:99999": "", "smtp://mail.example.com/path": "", "smtp://mail.example.com#x": "", "smtp://u:p%zz@mail.example.com": "",
	} {
		c := valid()
		c.SMTPURL, c.MailFrom = config.NewSMTPURL(url), "keyhall@example.com"
		err := c.Validate()
		if (err == nil) != (want != "") || err != nil && !strings.Contains(err.Error(), "smtp://") {
			t.Errorf("%s: %v", url, err)
		}
		if err == nil && c.SMTPURL.String() != want {
			t.Errorf("%s is shown as %q, want %q", url, c.SMTPURL, want)
		}
	}
	server, err := config.NewSMTPURL("smtp://us%40er:p%3Aw@mail.example.com").Server()
	if err != nil || server.Username != "us@er" || server.Password() != "p:w" {
		t.Errorf("signs in as %q: %v", server.Username, err)
	}
}

func TestMailHasASender(t *testing.T) {
	t.Parallel()
	for from, ok := range map[string]bool{
		"keyhall@example.com": true, "": false, "keyhall": false, "Keyhall <keyhall@example.com>": false, "a@example.com, b@example.com": false,
		"a@example.com\r\nBcc: b@example.com": false, " a@example.com": false,
	} {
		c := valid()
		c.SMTPURL, c.MailFrom = config.NewSMTPURL("smtp://mail.example.com"), from
		if err := c.Validate(); (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "KEYHALL_MAIL_FROM") {
			t.Errorf("%q: %v", from, err)
		}
	}
}

func TestThePasswordOfTheMailServerIsNeverShown(t *testing.T) {
	for _, url := range []string{"smtp://keyhall:hunter2@mail.example.com", "smtp://hunter2@mail.example.com", "smtp://keyhall:hunter2%zz@mail.example.com", "smtp://mail.example.com/?password=hunter2", "hunter2"} {
		c, err := parse(t, map[string]string{"KEYHALL_SMTP_URL": url, "KEYHALL_MAIL_FROM": "keyhall@example.com"})
		var out bytes.Buffer
		fmt.Fprintln(&out, err)
		type private struct{ c config.Config }
		for _, value := range []any{c, &c, c.SMTPURL, &c.SMTPURL, private{c}, []any{c}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				fmt.Fprintf(&out, verb+"\n", value)
			}
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(encoded)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "config", value)
		}
		if strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("the password is in %s", out.String())
		}
	}
}
