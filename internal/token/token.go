// Package token is the form of every credential that Keyhall issues.
//
//	kh_live_<id>_<random><crc>   an API key of a production project
//	kh_test_<id>_<random><crc>   an API key of any other project
//	khs_<id>_<random><crc>       the secret that goes with a key
//	kht_<id>_<random><crc>       a personal access token
//	khl_<id>_<random><crc>       a one-time link to a secret
//	khv_<id>_<random><crc>       a token to verify keys with
//
// id is 12 characters and finds the row, random is 43 characters (256 bits)
// and proves possession, crc is the CRC-32 of everything before it in 6
// characters; all are base62. The checksum lets us (and the secret scanners of
// others, see ScannerPattern) refuse garbage without any look-up; it protects
// nothing.
//
// A token is shown once and stored as a keyed hash. This package never logs,
// never stores, and its errors never repeat what was given to it.
package token

import (
	"errors"
	"hash/crc32"
	"log/slog"
	"strings"
)

// Kind is the prefix of a credential. Each has a table of its own, so that one
// can never be taken for another.
type Kind string

// The kinds that are issued.
const (
	LiveKey       Kind = "kh_live"
	TestKey       Kind = "kh_test"
	KeySecret     Kind = "khs"
	AccessToken   Kind = "kht"
	ShareLink     Kind = "khl"
	VerifierToken Kind = "khv"
)

// Kinds lists them all.
func Kinds() []Kind {
	return []Kind{LiveKey, TestKey, KeySecret, AccessToken, ShareLink, VerifierToken}
}

const (
	idLength     = 12
	randomLength = 43 // 62^43 > 2^256
	crcLength    = 6  // 62^6 > 2^32
	bodyLength   = 1 + idLength + 1 + randomLength + crcLength
	startLength  = 8 // characters of the id in Start
)

// ScannerPattern finds our credentials in files and logs (RE2 syntax). It is
// the expression to give to secret scanners; a match whose checksum is wrong
// is not one of ours.
const ScannerPattern = `\bkh(?:_live|_test|s|t|l|v)_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}\b`

// Refusals of Parse. They are constants: nothing of the input is in them.
var (
	ErrFormat   = errors.New("this is not the form of a Keyhall credential")
	ErrChecksum = errors.New("this credential is incomplete or mistyped: its checksum is wrong")
)

// Token is a well-formed credential. It prints as its start only; Expose is
// the one way to the whole. The text sits inside a function because fmt would
// print a string field when a Token is a private field of something else.
type Token struct {
	kind Kind
	id   string
	text func() string
}

// New draws a fresh credential.
func New(kind Kind) Token {
	text := string(kind) + "_" + random(idLength) + "_" + random(randomLength)
	return wrap(kind, text+checksum(text))
}

// Parse checks the form and the checksum. Whoever calls it decides by Kind
// whether such a credential is welcome there.
func Parse(text string) (Token, error) {
	kind, ok := kindOf(text)
	if !ok {
		return Token{}, ErrFormat
	}
	body := text[len(kind):]
	id, secret := body[1:1+idLength], body[1+idLength+1:]
	if body[0] != '_' || body[1+idLength] != '_' || !isBase62(id) || !isBase62(secret) {
		return Token{}, ErrFormat
	}
	end := len(text) - crcLength
	if checksum(text[:end]) != text[end:] { // no secret: anybody can compute it
		return Token{}, ErrChecksum
	}
	return wrap(kind, strings.Clone(text)), nil
}

// kindOf goes by prefix and exact length, so the rest can be cut by position.
func kindOf(text string) (Kind, bool) {
	for _, kind := range Kinds() {
		if len(text) == len(kind)+bodyLength && strings.HasPrefix(text, string(kind)) {
			return kind, true
		}
	}
	return "", false
}

func wrap(kind Kind, text string) Token {
	id := text[len(kind)+1 : len(kind)+1+idLength]
	return Token{kind: kind, id: strings.Clone(id), text: func() string { return text }}
}

func checksum(text string) string {
	return encode(crc32.ChecksumIEEE([]byte(text)), crcLength)
}

// Kind tells what the credential is for.
func (t Token) Kind() Kind { return t.kind }

// ID finds the credential's row. It is no secret.
func (t Token) ID() string { return t.id }

// Start is what lists and logs may show: the prefix and the first characters
// of the id, nothing of the random part.
func (t Token) Start() string {
	if t.text == nil {
		return ""
	}
	return string(t.kind) + "_" + t.id[:startLength]
}

// Expose returns the credential itself, for the one answer that shows it.
func (t Token) Expose() string {
	if t.text == nil {
		return ""
	}
	return t.text()
}

// LogValue keeps the log to the start.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }
