package token_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keyhall/keyhall/internal/token"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// known were made with another implementation of CRC-32 and base62.
func known() map[string]token.Kind {
	const body = "_0123456789ab_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"
	return map[string]token.Kind{
		"kh_live" + body + "2MDlNo": token.LiveKey,
		"kh_test" + body + "18ijVk": token.TestKey,
		"khs" + body + "1LLPjt":     token.KeySecret,
		"kht" + body + "1s70i1":     token.AccessToken,
		"khl" + body + "0mWzQS":     token.ShareLink,
		"khv" + body + "4Sok4t":     token.VerifierToken,
	}
}

func kind() *rapid.Generator[token.Kind] { return rapid.SampledFrom(token.Kinds()) }

func TestTheFormatIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	for text, want := range known() {
		got, err := token.Parse(text)
		if err != nil || got.Kind() != want || got.ID() != "0123456789ab" || got.Expose() != text {
			t.Errorf("%s: %v, %v, %v", want, got.Kind(), got.ID(), err)
		}
		if got.Start() != string(want)+"_01234567" {
			t.Errorf("start is %q", got.Start())
		}
	}
}

func TestWhatIsIssuedIsAcceptedAndFoundByScanners(t *testing.T) {
	t.Parallel()
	documented := regexp.MustCompile(`^kh(_live|_test|s|t|l|v)_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}[0-9A-Za-z]{6}$`)
	scanner := regexp.MustCompile(token.ScannerPattern)
	rapid.Check(t, func(t *rapid.T) {
		issued := token.New(kind().Draw(t, "kind"))
		text := issued.Expose()
		parsed, err := token.Parse(text)
		if err != nil || parsed.Kind() != issued.Kind() || parsed.ID() != issued.ID() || parsed.Expose() != text {
			t.Fatalf("%s: %v", text, err)
		}
		if !documented.MatchString(text) {
			t.Fatalf("%s is not in the documented form", text)
		}
		if got := scanner.FindString(`curl -H "X-Key: ` + text + `" https://example.com`); got != text {
			t.Fatalf("a scanner finds %q in a line with %s", got, text)
		}
	})
}

func TestOneWrongCharacterIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(token.New(kind().Draw(t, "kind")).Expose())
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		other := rapid.Byte().Filter(func(b byte) bool { return b != text[at] }).Draw(t, "other")
		text[at] = other
		if _, err := token.Parse(string(text)); err == nil {
			t.Fatalf("%s was accepted", text)
		}
	})
}

func TestAKeyOfOneKindCannotBeRespelledAsAnother(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from, to := kind().Draw(t, "from"), kind().Draw(t, "to")
		text := token.New(from).Expose()
		_, err := token.Parse(string(to) + strings.TrimPrefix(text, string(from)))
		if (err == nil) != (from == to) {
			t.Fatalf("%s as %s: %v", text, to, err)
		}
	})
}

func TestGarbageIsRefusedWithoutAnEcho(t *testing.T) {
	t.Parallel()
	check := func(t interface{ Fatalf(string, ...any) }, text string) {
		_, err := token.Parse(text)
		if err != nil && !errors.Is(err, token.ErrFormat) && !errors.Is(err, token.ErrChecksum) {
			t.Fatalf("%q: an error that is not constant: %v", text, err)
		}
		if err == nil {
			t.Fatalf("%q was accepted", text)
		}
	}
	valid := token.New(token.LiveKey).Expose()
	for _, text := range []string{
		"", "kh", "kh_live_", "kh_prod_" + valid[8:], strings.ToUpper(valid), " " + valid, valid + " ", valid + "\n", valid[:len(valid)-1],
		valid + "0", strings.Repeat("a", 1<<20), valid[:7] + "-" + valid[8:], "Bearer " + valid, "kh_live_\x00" + valid[9:],
		"kh_live_é" + valid[10:], // two bytes, so the length is right
	} {
		check(t, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.OneOf(rapid.String(), rapid.StringMatching(token.ScannerPattern)).Draw(t, "text"))
	})
}

func TestTheStartShowsNothingOfTheRandomPart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		issued := token.New(kind().Draw(t, "kind"))
		prefix, _, _ := strings.Cut(issued.Expose(), issued.ID())
		if !strings.HasPrefix(prefix+issued.ID(), issued.Start()) {
			t.Fatalf("start %q goes beyond %q", issued.Start(), prefix+issued.ID())
		}
	})
}

func FuzzParse(f *testing.F) {
	for text := range known() {
		f.Add(text)
	}
	f.Add("")
	f.Add("kh_live_")
	f.Add("kht_0123456789ab_" + strings.Repeat("\xff", 49))
	f.Fuzz(func(t *testing.T, text string) {
		got, err := token.Parse(text)
		if err != nil {
			if !errors.Is(err, token.ErrFormat) && !errors.Is(err, token.ErrChecksum) {
				t.Fatalf("an error that is not constant: %v", err)
			}
			return
		}
		if got.Expose() != text || !strings.Contains(text, got.ID()) || len(text) != len(got.Kind())+63 {
			t.Fatalf("%q became %q", text, got.Expose())
		}
	})
}
