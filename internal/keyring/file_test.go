package keyring_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhall/keyhall/internal/keyring"
)

func TestTheFileIsMadeOnceForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	k, path := fresh(t)
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	if diff := cmp.Diff(k.IDs(), load(t, path, true).IDs()); diff != "" {
		t.Errorf("a second start has other keys: %s", diff)
	}
	onlyTheKeyFile(t, path)
}

func onlyTheKeyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func TestStartsAtTheSameTimeShareOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), keyring.FileName)
	var wait sync.WaitGroup
	ids := make([][]string, 16)
	for i := range ids {
		wait.Go(func() {
			k, err := keyring.Load(path, true)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = k.IDs()
		})
	}
	wait.Wait()
	for _, other := range ids[1:] {
		if !cmp.Equal(ids[0], other) {
			t.Fatalf("%v and %v", ids[0], other)
		}
	}
	onlyTheKeyFile(t, path)
}

func TestAMissingFileIsNotMadeWhenSealedRowsExist(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), keyring.FileName)
	if _, err := keyring.Load(path, false); !errors.Is(err, keyring.ErrMissing) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
}

func TestAFileThatOthersCanReadIsRefused(t *testing.T) {
	t.Parallel()
	_, path := fresh(t)
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := keyring.Load(path, true); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %04o: %v", mode, err)
		}
		if err := keyring.Add(path); err == nil {
			t.Errorf("mode %04o: rotated", mode)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		load(t, path, false)
	}
}

func TestADamagedFileIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	valid, err := os.ReadFile("testdata/keyring.json")
	if err != nil {
		t.Fatal(err)
	}
	const key = "EgIIAxogCz49Jfwim2GuesCtqs7G43Ad1Av6MEcE6GUc5dnGApQ=" // the pepper in it
	text := string(valid)
	for name, content := range map[string]string{
		"empty": "", "cut": text[:len(text)/2], "not json": "hello " + key, "other version": strings.Replace(text, `"version": 1`, `"version": 2`, 1),
		"no peppers": strings.Replace(text, `"peppers"`, `"papers"`, 1), "short key": strings.Replace(text, key, "EgIIAxogCz49", 1),
		"no primary": strings.Replace(text, `"primaryKeyId": 3252344294`, `"primaryKeyId": 1`, 1), "two documents": text + text,
		"disabled": strings.ReplaceAll(text, "ENABLED", "DISABLED"), "huge": text + strings.Repeat(" ", 1<<20) + "x",
	} {
		path := filepath.Join(t.TempDir(), keyring.FileName)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := keyring.Load(path, true)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "Cz49J") {
			t.Errorf("%s: the error holds a key: %v", name, err)
		}
		if kept, _ := os.ReadFile(path); string(kept) != content {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if _, err := keyring.Load(t.TempDir(), true); err == nil {
		t.Error("a directory is accepted as key file")
	}
}

func TestAnotherInstallationsFileIsRefused(t *testing.T) {
	t.Parallel()
	ours, _ := fresh(t)
	theirs, _ := fresh(t)
	check, err := ours.NewCheck("ins_1")
	if err != nil {
		t.Fatal(err)
	}
	if err := ours.Confirm("ins_1", stored(t, check)); err != nil {
		t.Errorf("the right file: %v", err)
	}
	if err := theirs.Confirm("ins_1", check); err == nil {
		t.Error("another file is accepted")
	}
	if err := ours.Confirm("ins_2", check); err == nil {
		t.Error("the file is accepted for another installation")
	}
	forged := check
	forged.IDs = theirs.IDs() // the ids alone prove nothing
	if err := theirs.Confirm("ins_1", forged); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("forged ids: %v", err)
	}
	if err := ours.Confirm("ins_1", keyring.Check{Sealed: seal(t, ours, "something else", keyring.Context{Install: "ins_1", Type: "instance", ID: "ins_1", Field: "check"})}); err == nil {
		t.Error("any sealed value is accepted as check value")
	}
}

// stored is the check after a way through the database.
func stored(t *testing.T, check keyring.Check) (back keyring.Check) {
	t.Helper()
	encoded, err := json.Marshal(check)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, &back); err != nil {
		t.Fatal(err)
	}
	return back
}
