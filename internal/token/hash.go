package token

// Pepper is the keyed hash, HMAC-SHA-256 in the keyring: the key (the pepper)
// stays where it is, and its id is stored beside the hash so that peppers can
// be rotated. The credentials are random enough that nothing slower is needed.
type Pepper interface {
	Hash(purpose string, data []byte) (mac []byte, pepperID string)
	Verify(purpose string, data, mac []byte, pepperID string) bool
}

// Hash is what is stored instead of the credential. The kind is part of it, so
// a hash never fits a credential of another kind.
func (t Token) Hash(p Pepper) (mac []byte, pepperID string) {
	return p.Hash(t.purpose(), []byte(t.Expose()))
}

// Matches compares with a stored hash in constant time. For an id that has no
// row, call it with nil and "": it takes as long, and says no.
func (t Token) Matches(p Pepper, mac []byte, pepperID string) bool {
	return p.Verify(t.purpose(), []byte(t.Expose()), mac, pepperID) && t.text != nil
}

func (t Token) purpose() string { return "credential " + string(t.kind) }
