package token

import (
	"strings"
	"testing"
)

// The characters of a credential are those of its alphabet, and no others.
func TestTheAlphabetIsBase62(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		if got, want := isBase62("a"+string([]byte{byte(c)})+"Z"), strings.IndexByte(alphabet, byte(c)) >= 0; got != want {
			t.Errorf("%q: %v, want %v", byte(c), got, want)
		}
	}
}
