// Package text checks what people write before it is kept: e-mail addresses, and characters that disguise a text. It never
// changes a text's meaning, and it never says what was wrong with a value by repeating it.
package text

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxAddress is the longest e-mail address, in bytes (RFC 5321).
const maxAddress = 254

// Unsafe tells whether a line holds what can disguise it: control characters, the marks that change the direction of
// writing, or bytes that are no text.
func Unsafe(line string) bool {
	return !utf8.ValidString(line) || strings.ContainsFunc(line, disguise)
}

// UnsafeBlock is Unsafe for a text of several lines.
func UnsafeBlock(block string) bool {
	return Unsafe(strings.NewReplacer("\n", "", "\t", "", "\r\n", "").Replace(block))
}

func disguise(r rune) bool {
	return unicode.IsControl(r) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) || r == 0x200e || r == 0x200f
}

// Address brings an e-mail address to its normal form: the address alone, in lower case.
func Address(s string) (string, bool) {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > maxAddress || Unsafe(s) {
		return "", false
	}
	return strings.ToLower(s), true
}
