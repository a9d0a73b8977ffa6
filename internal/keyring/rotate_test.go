package keyring_test

import (
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/keyhall/keyhall/internal/keyring"
)

func change(t *testing.T, path string, step func(string) error) *keyring.Keyring {
	t.Helper()
	if err := step(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	onlyTheKeyFile(t, path)
	return load(t, path, false)
}

func TestRotationKeepsOldValuesReadableAtEveryStep(t *testing.T) {
	t.Parallel()
	before, path := fresh(t)
	added := change(t, path, keyring.Add)
	promoted := change(t, path, keyring.Promote)

	old, during, after := seal(t, before, "old", here()), seal(t, added, "during", here()), seal(t, promoted, "after", here())
	for name, ok := range map[string]bool{
		"old value, new key in the file":     opens(t, added, old, here(), "old"),
		"old value, new key in use":          opens(t, promoted, old, here(), "old"),
		"sealed after Add, old server":       opens(t, before, during, here(), "during"),
		"sealed after Promote, added server": opens(t, added, after, here(), "after"),
	} {
		if !ok {
			t.Errorf("%s: does not open", name)
		}
	}
	if opens(t, before, after, here(), "after") || after.KeysetID == old.KeysetID || after.KeysetID != promoted.PrimaryID() {
		t.Error("Promote does not change the key in use")
	}
	if before.PrimaryID() != added.PrimaryID() {
		t.Error("Add changes the key in use")
	}
}

func TestRotationKeepsHashesAndDerivedTokensValid(t *testing.T) {
	t.Parallel()
	before, path := fresh(t)
	added := change(t, path, keyring.Add)
	promoted := change(t, path, keyring.Promote)
	data := []byte("kh_live_x")
	oldMAC, oldID := before.Hash("key", data)
	newMAC, newID := promoted.Hash("key", data)
	if _, id := added.Hash("key", data); id != oldID || newID == oldID {
		t.Errorf("peppers: %s, after Add %s, after Promote %s", oldID, id, newID)
	}
	if !promoted.Verify("key", data, oldMAC, oldID) || !added.Verify("key", data, newMAC, newID) {
		t.Error("a hash is lost by rotation")
	}
	if promoted.Verify("key", data, oldMAC, newID) || promoted.Verify("key", data, newMAC, oldID) {
		t.Error("a hash is taken for one of another pepper")
	}
	mailed := before.Derive("invitation", "inv_1", "1")
	if !promoted.Derived(mailed, "invitation", "inv_1", "1") || !added.Derived(promoted.Derive("invitation", "inv_1", "1"), "invitation", "inv_1", "1") {
		t.Error("a mailed token is lost by rotation")
	}
	if string(promoted.Derive("invitation", "inv_1", "1")) == string(mailed) {
		t.Error("tokens are still derived from the old key")
	}
}

func TestRewrappingMovesAValueToTheKeyInUse(t *testing.T) {
	t.Parallel()
	before, path := fresh(t)
	old := seal(t, before, "old", here())
	change(t, path, keyring.Add)
	promoted := change(t, path, keyring.Promote)
	rewrapped, err := promoted.Rewrap(old, here())
	if err != nil || rewrapped.KeysetID != promoted.PrimaryID() || !opens(t, promoted, rewrapped, here(), "old") {
		t.Fatalf("rewrapped: %+v, %v", rewrapped.KeysetID, err)
	}
	if opens(t, before, rewrapped, here(), "old") {
		t.Error("the old key still opens it")
	}
	relabelled := rewrapped
	relabelled.KeysetID = old.KeysetID
	if opens(t, promoted, relabelled, here(), "old") {
		t.Error("the key id beside the value may be changed")
	}
	elsewhere := here()
	elsewhere.ID = "key_2"
	if _, err := promoted.Rewrap(old, elsewhere); !errors.Is(err, keyring.ErrOpen) {
		t.Errorf("rewrapped in another place: %v", err)
	}
}

func TestTheCheckValueFollowsRotation(t *testing.T) {
	t.Parallel()
	before, path := fresh(t)
	first, err := before.NewCheck("ins_1")
	if err != nil {
		t.Fatal(err)
	}
	added := change(t, path, keyring.Add)
	if err := added.Confirm("ins_1", first); err != nil {
		t.Errorf("a file with a key more: %v", err)
	}
	second, err := added.NewCheck("ins_1")
	if err != nil {
		t.Fatal(err)
	}
	if err := before.Confirm("ins_1", second); err == nil {
		t.Error("an older copy of the file is accepted")
	}
}

func TestPromoteNeedsANewKey(t *testing.T) {
	t.Parallel()
	_, path := fresh(t)
	if err := keyring.Promote(path); !errors.Is(err, keyring.ErrNothingToPromote) {
		t.Errorf("before Add: %v", err)
	}
	change(t, path, keyring.Add)
	change(t, path, keyring.Promote)
	if err := keyring.Promote(path); !errors.Is(err, keyring.ErrNothingToPromote) {
		t.Errorf("twice: %v", err)
	}
	onlyTheKeyFile(t, path)
}

func TestChangesAtTheSameTimeLoseNoKey(t *testing.T) {
	t.Parallel()
	k, path := fresh(t)
	var wait sync.WaitGroup
	done := make([]bool, 8)
	for i := range done {
		wait.Go(func() { done[i] = keyring.Add(path) == nil })
	}
	wait.Wait()
	want := len(k.IDs())
	for _, ok := range done {
		if ok {
			want += 3 // one for each keyset
		}
	}
	if got := len(load(t, path, false).IDs()); got != want || want == len(k.IDs()) {
		t.Errorf("%d keys, want %d", got, want)
	}
	onlyTheKeyFile(t, path)
}

func TestALeftoverOfACrashStopsARotationAndNothingElse(t *testing.T) {
	t.Parallel()
	k, path := fresh(t)
	if err := os.WriteFile(path+".new", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := keyring.Add(path); err == nil {
		t.Error("it was overwritten")
	}
	if len(load(t, path, false).IDs()) != len(k.IDs()) {
		t.Error("the keys changed")
	}
}

func TestRotationNeedsTheFile(t *testing.T) {
	t.Parallel()
	_, path := fresh(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := keyring.Add(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was made")
	}
}
