package token

import (
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strconv"
	"strings"
)

// Link is the prefix of a mailed token, which tells what its link is for.
//
//	khi_<id>_<mac><crc>   an invitation
//	khe_<id>_<mac><crc>   proof of an e-mail address
//	khr_<id>_<mac><crc>   a new password
//
// id is that of the row (26 characters, without its prefix), mac the keyring's
// derivation from kind, id and generation in 43 characters, crc as above.
type Link string

// The links that are mailed.
const (
	InvitationLink Link = "khi"
	AddressLink    Link = "khe"
	ResetLink      Link = "khr"
)

// rows names, for each link, the prefix of the row's id.
func (l Link) rows() string {
	return map[Link]string{InvitationLink: "inv_", AddressLink: "usr_", ResetLink: "usr_"}[l]
}

const (
	ulidLength   = 26
	mailedLength = 3 + 1 + ulidLength + 1 + randomLength + crcLength
)

// Deriver makes a token anew from what it stands for: the keyring. Nothing of
// a mailed token is stored.
type Deriver interface {
	Derive(purpose string, parts ...string) []byte
	Derived(token []byte, purpose string, parts ...string) bool
}

// Mailed is a well-formed token of a link. It prints as its kind only.
type Mailed struct {
	link Link
	id   string
	text func() string
}

// NewMailed derives the token of one row's link. A higher generation is
// another token, and the one before is worth nothing.
func NewMailed(d Deriver, link Link, id string, generation int) Mailed {
	mac := d.Derive(link.purpose(), id, strconv.Itoa(generation))
	text := string(link) + "_" + strings.TrimPrefix(id, link.rows()) + "_" + encodeBytes(mac)
	return Mailed{link, id, func() string { return text + checksum(text) }}
}

// ParseMailed checks the form and the checksum, without any look-up. Whoever
// calls it compares with Matches.
func ParseMailed(text string) (Mailed, error) {
	if len(text) != mailedLength {
		return Mailed{}, ErrFormat
	}
	link, id, mac := Link(text[:3]), text[4:4+ulidLength], text[5+ulidLength:]
	if link.rows() == "" || text[3] != '_' || text[4+ulidLength] != '_' || !isBase62(id) || !isBase62(mac) {
		return Mailed{}, ErrFormat
	}
	end := len(text) - crcLength
	if checksum(text[:end]) != text[end:] { // no secret: anybody can compute it
		return Mailed{}, ErrChecksum
	}
	whole := strings.Clone(text)
	return Mailed{link, link.rows() + strings.Clone(id), func() string { return whole }}, nil
}

// Link tells what the token is for.
func (m Mailed) Link() Link { return m.link }

// ID is the id of the row that the token is about. It is no secret.
func (m Mailed) ID() string { return m.id }

// Matches compares in constant time with the token of a generation, under the
// current key or one before it.
func (m Mailed) Matches(d Deriver, generation int) bool {
	if m.text == nil {
		return false
	}
	mac, ok := decodeBytes(m.text()[5+ulidLength : mailedLength-crcLength])
	return d.Derived(mac, m.link.purpose(), m.id, strconv.Itoa(generation)) && ok
}

// Expose is the token itself, for the one mail that carries it.
func (m Mailed) Expose() string {
	if m.text == nil {
		return ""
	}
	return m.text()
}

func (l Link) purpose() string { return "mailed link " + string(l) }

// String is the kind and an ellipsis.
func (m Mailed) String() string { return string(m.link) + "_…" }

// GoString is for %#v.
func (m Mailed) GoString() string { return m.String() }

// Format answers every verb with the same text.
func (m Mailed) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, m.String()) }

// MarshalText keeps encoders from the token.
func (m Mailed) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// LogValue keeps the token out of the log.
func (m Mailed) LogValue() slog.Value { return slog.StringValue(m.String()) }

// encodeBytes writes 256 bits in 43 characters of base62, always the same.
func encodeBytes(raw []byte) string {
	number, base, digit := new(big.Int).SetBytes(raw), big.NewInt(62), new(big.Int)
	out := make([]byte, randomLength)
	for i := randomLength - 1; i >= 0; i-- {
		number.DivMod(number, base, digit)
		out[i] = alphabet[digit.Int64()]
	}
	return string(out)
}

// decodeBytes is its inverse; it says no to a number of more than 256 bits.
func decodeBytes(text string) ([]byte, bool) {
	number, base := new(big.Int), big.NewInt(62)
	for i := range len(text) {
		number.Mul(number, base)
		number.Add(number, big.NewInt(int64(strings.IndexByte(alphabet, text[i]))))
	}
	out := make([]byte, 32)
	if number.BitLen() > 256 {
		return out, false
	}
	return number.FillBytes(out), true
}
