package token_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/token"
)

// deriver is a keyring with one key that everybody knows.
type deriver string

func (d deriver) Derive(purpose string, parts ...string) []byte {
	mac := hmac.New(sha256.New, []byte(d))
	fmt.Fprintf(mac, "%q %q", purpose, parts)
	return mac.Sum(nil)
}

func (d deriver) Derived(raw []byte, purpose string, parts ...string) bool {
	return hmac.Equal(raw, d.Derive(purpose, parts...))
}

const invitation = "inv_01JD0000000000000000000042"

func TestAMailedTokenIsMadeAnewFromWhatItStandsFor(t *testing.T) {
	t.Parallel()
	d := deriver("key")
	text := token.NewMailed(d, token.InvitationLink, invitation, 3).Expose()
	if !regexp.MustCompile(`^khi_01JD0000000000000000000042_[0-9A-Za-z]{49}$`).MatchString(text) {
		t.Errorf("the form of %s", text)
	}
	if again := token.NewMailed(d, token.InvitationLink, invitation, 3).Expose(); again != text {
		t.Error("derived twice, it differs")
	}
	m, err := token.ParseMailed(text)
	if err != nil || m.ID() != invitation || m.Link() != token.InvitationLink || m.Expose() != text {
		t.Fatalf("read as %s of %s: %v", m.Link(), m.ID(), err)
	}
	for generation := range 6 {
		if m.Matches(d, generation) != (generation == 3) {
			t.Errorf("matches generation %d: %v", generation, generation != 3)
		}
	}
	if m.Matches(deriver("another key"), 3) || (token.Mailed{}).Matches(d, 0) {
		t.Error("it matches under another key, or an empty one matches")
	}
}

// The same row's links of different kinds, and those of other rows, never stand for each other.
func TestAMailedTokenIsOfOneKindAndOneRow(t *testing.T) {
	t.Parallel()
	d, seen := deriver("key"), map[string]bool{}
	for _, link := range []token.Link{token.AddressLink, token.ResetLink} {
		for i := range 20 {
			text := token.NewMailed(d, link, fmt.Sprintf("usr_01JD00000000000000000000%02d", i), 0).Expose()
			seen[text[31:]] = true
			swapped := strings.NewReplacer("khe_", "khr_", "khr_", "khe_").Replace(text)
			if _, err := token.ParseMailed(swapped); !errors.Is(err, token.ErrChecksum) {
				t.Errorf("another prefix: %v", err)
			}
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d different ones of 40", len(seen))
	}
}

func TestGarbageIsNoMailedToken(t *testing.T) {
	t.Parallel()
	text := token.NewMailed(deriver("key"), token.InvitationLink, invitation, 0).Expose()
	for _, garbage := range []string{
		"", "khi_", text[1:], text + "0", " " + text[1:], "khx" + text[3:], strings.Replace(text, "_", "-", 1), "khi_" + strings.Repeat("é", 38),
		text[:40] + "\x00" + text[41:], strings.Repeat("a", len(text)),
	} {
		if _, err := token.ParseMailed(garbage); !errors.Is(err, token.ErrFormat) {
			t.Errorf("%q: %v", garbage, err)
		}
	}
	for i := range text {
		for _, c := range []byte("09AZaz") {
			wrong := text[:i] + string(c) + text[i+1:]
			if _, err := token.ParseMailed(wrong); wrong != text && err == nil {
				t.Errorf("one character changed at %d is accepted", i)
			}
		}
	}
}

func TestAMailedTokenIsNotPrinted(t *testing.T) {
	t.Parallel()
	m := token.NewMailed(deriver("key"), token.InvitationLink, invitation, 0)
	secret := m.Expose()[31:]
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", m, "in", struct{ M token.Mailed }{m})
	encoded, err := json.Marshal(map[string]any{"m": m})
	if err != nil {
		t.Fatal(err)
	}
	printed := log.String() + string(encoded) + fmt.Sprintf("%v %s %q %x %#v %+v %d", m, m, m, m, m, struct{ m token.Mailed }{m}, []any{m})
	if strings.Contains(printed, secret) || strings.Contains(printed, fmt.Sprintf("%x", secret)) {
		t.Errorf("printed: %s", printed)
	}
}

func FuzzParseMailed(f *testing.F) {
	for _, link := range []token.Link{token.InvitationLink, token.AddressLink, token.ResetLink} {
		f.Add(token.NewMailed(deriver("key"), link, invitation, 0).Expose())
	}
	f.Add("")
	f.Add("khi_" + strings.Repeat("0", 26) + "_" + strings.Repeat("\xff", 49))
	f.Fuzz(func(t *testing.T, text string) {
		m, err := token.ParseMailed(text)
		if err != nil {
			if !errors.Is(err, token.ErrFormat) && !errors.Is(err, token.ErrChecksum) {
				t.Fatalf("an error that is not constant: %v", err)
			}
			return
		}
		if m.Expose() != text || !strings.Contains(text, m.ID()[4:]) {
			t.Fatalf("%q became %q", text, m.Expose())
		}
		if m.Matches(deriver("another key"), 0) {
			t.Fatalf("%q is derived by a key that never made it", text)
		}
	})
}
