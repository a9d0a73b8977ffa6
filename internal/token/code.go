package token

import (
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

const (
	codePurpose = "share link code"
	codeDigits  = 8
	codes       = 100_000_000
)

// Code is the number that is mailed to the recipient of a one-time link: eight digits, derived when the letter is sent and
// when it is compared, and stored nowhere. A higher generation is another code.
func Code(d Deriver, id string, generation int) string {
	return digits(d.Derive(codePurpose, id, strconv.Itoa(generation)))
}

// Codes makes a derived token anew under every key that may have been in use when a letter was sent.
type Codes interface {
	Derivations(purpose string, parts ...string) [][]byte
}

// MatchesCode compares what somebody wrote, with or without spaces, in constant time.
func MatchesCode(d Codes, id string, generation int, given string) bool {
	given = strings.Join(strings.Fields(given), "")
	found := 0
	for _, mac := range d.Derivations(codePurpose, id, strconv.Itoa(generation)) {
		found |= subtle.ConstantTimeCompare([]byte(digits(mac)), []byte(given))
	}
	return found == 1
}

func digits(mac []byte) string {
	return fmt.Sprintf("%0*d", codeDigits, binary.BigEndian.Uint64(mac)%codes)
}
