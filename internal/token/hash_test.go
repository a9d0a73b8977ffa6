//keyhall:norace
package token_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/token"
)

// pepper is HMAC-SHA-256 by the book.
type pepper string

func (p pepper) Hash(purpose string, data []byte) ([]byte, string) {
	mac := hmac.New(sha256.New, []byte(p))
	mac.Write([]byte(purpose + "\x00"))
	mac.Write(data)
	return mac.Sum(nil), string(p[:1])
}

func (p pepper) Verify(purpose string, data, mac []byte, id string) bool {
	want, wantID := p.Hash(purpose, data)
	return hmac.Equal(want, mac) && id == wantID
}

func TestOnlyTheSameCredentialMatchesItsHash(t *testing.T) {
	t.Parallel()
	p := pepper("1 pepper")
	issued := token.New(token.LiveKey)
	mac, id := issued.Hash(p)
	if !issued.Matches(p, mac, id) {
		t.Error("a credential does not match its own hash")
	}
	for name, matched := range map[string]bool{
		"another credential": token.New(token.LiveKey).Matches(p, mac, id), "another pepper": issued.Matches(pepper("2 pepper"), mac, id),
		"another pepper id": issued.Matches(p, mac, "2"), "no row": issued.Matches(p, nil, ""), "the zero token": token.Token{}.Matches(p, mac, id),
	} {
		if matched {
			t.Errorf("%s matches", name)
		}
	}
	zeroMAC, zeroID := token.Token{}.Hash(p)
	if (token.Token{}).Matches(p, zeroMAC, zeroID) {
		t.Error("the zero token matches its hash")
	}
}

func TestTheHashHoldsTheKindAndNothingReadable(t *testing.T) {
	t.Parallel()
	issued := token.New(token.LiveKey)
	var purposes []string
	for _, kind := range token.Kinds() {
		recorder := &recorder{}
		token.New(kind).Hash(recorder)
		purposes = append(purposes, recorder.purpose)
	}
	for i, purpose := range purposes {
		for _, other := range purposes[:i] {
			if purpose == other {
				t.Errorf("two kinds share the purpose %q", purpose)
			}
		}
	}
	mac, _ := issued.Hash(pepper("1 pepper"))
	if len(mac) != sha256.Size || strings.Contains(issued.Expose(), string(mac)) {
		t.Errorf("hash of %d bytes", len(mac))
	}
}

type recorder struct {
	pepper
	purpose string
}

func (r *recorder) Hash(purpose string, _ []byte) ([]byte, string) {
	r.purpose = purpose
	return nil, ""
}

func TestASessionTokenIsOpaqueAndStoredAsItsSHA256(t *testing.T) {
	t.Parallel()
	issued := token.NewSession()
	parsed, err := token.ParseSession(issued.Expose())
	if err != nil || string(parsed.Hash()) != string(issued.Hash()) {
		t.Fatalf("parsed: %v", err)
	}
	zeros, err := token.ParseSession(strings.Repeat("A", 43))
	if err != nil {
		t.Fatal(err)
	}
	// sha256 of 32 zero bytes, as any tool prints it
	const want = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
	if got := hex.EncodeToString(zeros.Hash()); got != want {
		t.Errorf("hash %s", got)
	}
	for _, text := range []string{"", "A", strings.Repeat("A", 42), strings.Repeat("A", 44), strings.Repeat("A", 42) + "B", strings.Repeat("A", 42) + "\n", strings.Repeat("+", 43)} {
		if _, err := token.ParseSession(text); err != token.ErrFormat {
			t.Errorf("%q: %v", text, err)
		}
	}
	if (token.Session{}).Hash() != nil {
		t.Error("the zero session has a hash")
	}
}

func TestNothingPrintsACredential(t *testing.T) {
	t.Parallel()
	issued, session := token.New(token.LiveKey), token.NewSession()
	type private struct {
		issued  token.Token
		session token.Session
	}
	values := []any{
		issued, &issued, session, &session, private{issued, session}, &private{issued, session},
		[]token.Token{issued}, map[string]token.Session{"s": session}, fmt.Errorf("with %v and %v", issued, session),
		struct{ T token.Token }{issued}, struct{ S *token.Session }{&session},
	}
	var out strings.Builder
	for _, value := range values {
		for _, verb := range "vsqxXdbtTpU" {
			fmt.Fprintf(&out, "%"+string(verb)+" ", value)
		}
		fmt.Fprintf(&out, "%+v %#v %s", value, value, fmt.Sprint(value))
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(encoded)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value)
	}
	random := issued.Expose()[len("kh_live_")+13:]
	for _, secret := range []string{random, random[:20], session.Expose()} {
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret)} {
			if strings.Contains(out.String(), form) {
				t.Errorf("%q was printed", form)
			}
		}
	}
}
