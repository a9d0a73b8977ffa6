package token_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/token"
)

// limit is far above chi-square with 61 degrees of freedom (mean 61, and 160 or
// more once in a thousand million times), and far below what the smallest
// mistake gives with this many characters (see the test of the test).
const (
	limit = 160.0
	drawn = 500_000
)

func chiSquare(text string) float64 {
	counts := map[rune]float64{}
	for _, c := range text {
		counts[c]++
	}
	expected := float64(len(text)) / float64(len(alphabet))
	sum := 0.0
	for _, c := range alphabet {
		sum += (counts[c] - expected) * (counts[c] - expected) / expected
	}
	return sum
}

func TestNoCharacterIsMoreLikelyThanAnother(t *testing.T) {
	t.Parallel()
	var ids, secrets strings.Builder
	for secrets.Len() < drawn {
		issued := token.New(token.KeySecret)
		text := issued.Expose()
		ids.WriteString(issued.ID())
		secrets.WriteString(text[len("khs_")+13 : len(text)-6])
	}
	for name, text := range map[string]string{"id": ids.String(), "random": secrets.String()} {
		if got := chiSquare(text); got > limit {
			t.Errorf("%s: chi-square %.0f over %d characters, want under %.0f", name, got, len(text), limit)
		}
	}
}

// TestThatABiasWouldShow keeps the test above honest: a byte modulo 62 makes
// eight characters a quarter more likely.
func TestThatABiasWouldShow(t *testing.T) {
	t.Parallel()
	raw := make([]byte, drawn/4)
	rand.Read(raw)
	for i, b := range raw {
		raw[i] = alphabet[b%62]
	}
	if got := chiSquare(string(raw)); got < 2*limit {
		t.Errorf("chi-square %.0f of biased characters passes", got)
	}
}

func TestNoTwoCredentialsAreAlike(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 20_000 {
		issued := token.New(token.LiveKey)
		session := token.NewSession().Expose()
		for _, text := range []string{issued.ID(), issued.Expose(), session} {
			if seen[text] {
				t.Fatalf("%s was drawn twice", text)
			}
			seen[text] = true
		}
	}
}
