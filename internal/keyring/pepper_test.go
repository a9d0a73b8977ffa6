package keyring_test

import (
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"
)

// The expected values were computed with another implementation of HMAC-SHA-256
// from the keys in testdata.
func TestHashesOfYesterdayAreValidToday(t *testing.T) {
	t.Parallel()
	k := sample(t)
	mac, id := k.Hash("credential kh_live", []byte("kh_live_0123456789ab"))
	if got := hex.EncodeToString(mac); got != "f7cf4674acaf4b3ea07692675565a64c91e6f0241ff63d6b41dabd8e9e9dee81" || id != "3252344294" {
		t.Errorf("hash %s with pepper %s", got, id)
	}
	if got := hex.EncodeToString(k.Derive("invitation", "inv_1", "2")); got != "477c58318a143919292324c3ed910cb4e8d9be04a71165405fdacb409bf43e9f" {
		t.Errorf("derived %s", got)
	}
}

func TestAHashFitsItsPurposeAndDataOnly(t *testing.T) {
	t.Parallel()
	k, _ := fresh(t)
	text := rapid.StringMatching(`[ab]{0,3}`) // short, so that equal ones are drawn too
	rapid.Check(t, func(r *rapid.T) {
		purpose, data := text.Draw(r, "purpose"), text.Draw(r, "data")
		otherPurpose, otherData := text.Draw(r, "other purpose"), text.Draw(r, "other data")
		mac, id := k.Hash(purpose, []byte(data))
		if !k.Verify(purpose, []byte(data), mac, id) {
			r.Fatalf("its own hash does not fit")
		}
		if k.Verify(otherPurpose, []byte(otherData), mac, id) != (purpose == otherPurpose && data == otherData) {
			r.Fatalf("the hash of %q for %q is taken for that of %q for %q", data, purpose, otherData, otherPurpose)
		}
	})
}

func TestOnlyThePepperThatWasUsedFits(t *testing.T) {
	t.Parallel()
	k, _ := fresh(t)
	data := []byte("data")
	mac, id := k.Hash("p", data)
	for _, other := range []string{"", "0", "1", id + "0", "0" + id, "+" + id, " " + id, "-1", "99999999999999999999"} {
		if k.Verify("p", data, mac, other) {
			t.Errorf("pepper %q is accepted for %s", other, id)
		}
	}
	for _, other := range [][]byte{nil, {}, mac[:31], append(mac[:32:32], 0)} {
		if k.Verify("p", data, other, id) {
			t.Errorf("a hash of %d bytes is accepted", len(other))
		}
	}
	another, _ := fresh(t)
	if another.Verify("p", data, mac, id) {
		t.Error("another installation accepts the hash")
	}
}

func TestADerivedTokenBelongsToItsSubject(t *testing.T) {
	t.Parallel()
	k, path := fresh(t)
	again := load(t, path, false)
	token := k.Derive("invitation", "inv_1", "2")
	if string(again.Derive("invitation", "inv_1", "2")) != string(token) || !again.Derived(token, "invitation", "inv_1", "2") {
		t.Error("the same key file derives another token")
	}
	for name, matched := range map[string]bool{
		"purpose": k.Derived(token, "set-up", "inv_1", "2"), "subject": k.Derived(token, "invitation", "inv_2", "2"),
		"generation": k.Derived(token, "invitation", "inv_1", "3"), "shifted": k.Derived(token, "invitation", "inv_12"),
		"fewer parts": k.Derived(token, "invitation", "inv_1"), "more parts": k.Derived(token, "invitation", "inv_1", "2", ""),
		"nothing": k.Derived(nil, "invitation", "inv_1", "2"),
	} {
		if matched {
			t.Errorf("%s: the token fits", name)
		}
	}
	if mac, _ := k.Hash("invitation", []byte("inv_1")); string(mac) == string(k.Derive("invitation", "inv_1")) {
		t.Error("peppers and derived tokens share a key")
	}
}
