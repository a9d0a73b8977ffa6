package graph_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/instance"
	"github.com/keyhall/keyhall/internal/keyring"
)

const revealVersion = `mutation($id: ID!, $version: Int) { revealSecret(input: {id: $id, purpose: SHOW, version: $version}) { clientSecret errors { code } } }`

// A ciphertext that is moved to another row, version or table does not open, and the refusal names the row to who runs the
// server and shows no value to anybody.
//
//keyhall:norace
func TestASealedValueOpensOnlyWhereItWasSealed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		one, two := ada.AddSecret(t, "One", "value-one"), ada.AddSecret(t, "Two", "value-two")
		ada.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, clientSecret: "value-one-b"}) { errors { code } } }`, apptest.Vars{"id": one})
		key := ada.CreateKey(t, "key", "", "PROJECT").ID
		for name, move := range map[string]string{
			"another secret":     "UPDATE sealed_versions SET (wrapped_key, ciphertext) = (SELECT wrapped_key, ciphertext FROM sealed_versions WHERE secret_id = '" + two + "') WHERE secret_id = '" + one + "' AND number = 2",
			"an earlier version": "UPDATE sealed_versions SET (wrapped_key, ciphertext) = (SELECT wrapped_key, ciphertext FROM sealed_versions WHERE secret_id = '" + one + "' AND number = 1) WHERE secret_id = '" + one + "' AND number = 2",
			"only its key":       "UPDATE sealed_versions SET wrapped_key = (SELECT wrapped_key FROM sealed_versions WHERE secret_id = '" + two + "') WHERE secret_id = '" + one + "' AND number = 2",
			"only its text":      "UPDATE sealed_versions SET ciphertext = (SELECT ciphertext FROM sealed_versions WHERE secret_id = '" + two + "') WHERE secret_id = '" + one + "' AND number = 2",
			"a key's secret":     "UPDATE sealed_versions SET (wrapped_key, ciphertext) = (SELECT wrapped_key, ciphertext FROM sealed_values WHERE api_key_id = '" + key + "') WHERE secret_id = '" + one + "' AND number = 2",
			"another number":     "UPDATE sealed_versions SET number = 7 - number WHERE secret_id = '" + one + "'",
		} {
			s.SQL(t, "CREATE TABLE kept AS SELECT * FROM sealed_versions")
			row := textOf(t, s, "SELECT id FROM sealed_versions WHERE secret_id = ? AND number = 2", one)
			s.SQL(t, move)
			if name == "another number" { // version 2 is now where 5 was
				s.SQL(t, "UPDATE sealed_versions SET number = 2 WHERE secret_id = ? AND number = 6", one)
				row = textOf(t, s, "SELECT id FROM sealed_versions WHERE secret_id = ? AND number = 2", one)
			}
			out := ada.Do(t, revealVersion, apptest.Vars{"id": one})
			if out.Code() != "INTERNAL" || strings.Contains(out.Body, "value-") {
				t.Errorf("%s: %s", name, out.Body)
			}
			if !strings.Contains(s.Log.String(), row) {
				t.Errorf("%s: the log does not name the row %s", name, row)
			}
			s.SQL(t, "DELETE FROM sealed_versions")
			s.SQL(t, "INSERT INTO sealed_versions SELECT * FROM kept")
			s.SQL(t, "DROP TABLE kept")
			if got, code := ada.Reveal(t, one); got != "value-one-b" {
				t.Fatalf("after %s was put back: %q %q", name, got, code)
			}
		}
	})
}

// Tamper: whatever is changed in a sealed row, it is refused with an error that names the row, and is never another value.
//
//keyhall:norace
func TestEveryEditOfASealedRowIsRefused(t *testing.T) {
	t.Parallel()
	spoilSealedRows(t, 40)
}

// The same a thousand times.
func TestSoakEveryEditOfASealedRowIsRefused(t *testing.T) {
	if os.Getenv("KEYHALL_SOAK") == "" {
		t.Skip("set KEYHALL_SOAK for the long runs")
	}
	spoilSealedRows(t, 1000)
}

// sealedRow is a version with a value, as it was sealed.
type sealedRow struct {
	id, secret, value string
	number            int
	columns           map[string][]byte
}

func sealedRows(t *testing.T, s *apptest.Server, ada *apptest.Actor) (out []sealedRow) {
	t.Helper()
	for i := range 3 {
		id := ada.AddSecret(t, "One", fmt.Sprint("canary-", i, " first"))
		setValue(t, ada, id, fmt.Sprint("canary-", i, " again"))
		for n, which := range []string{" first", " again"} {
			row := sealedRow{secret: id, number: n + 1, value: fmt.Sprint("canary-", i, which), columns: map[string][]byte{}}
			var key, text []byte
			s.Row(t, "SELECT id, wrapped_key, ciphertext FROM sealed_versions WHERE secret_id = ? AND number = ?", []any{id, n + 1}, &row.id, &key, &text)
			row.columns["wrapped_key"], row.columns["ciphertext"] = key, text
			out = append(out, row)
		}
	}
	return out
}

func spoilSealedRows(t *testing.T, edits int) {
	start := uint64(time.Now().UnixNano())
	if text := os.Getenv("KEYHALL_SEED"); text != "" {
		start, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("KEYHALL_SEED=%d", start)
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		r := rand.New(rand.NewPCG(start, 1))
		ada := s.Actor(t, "ada")
		rows := sealedRows(t, s, ada)
		reveal := func(row sealedRow) apptest.Answer {
			return ada.Do(t, revealVersion, apptest.Vars{"id": row.secret, "version": row.number})
		}
		refused := map[string]int{}
		for range edits {
			row, other := rows[r.IntN(len(rows))], rows[r.IntN(len(rows))]
			column := []string{"wrapped_key", "ciphertext"}[r.IntN(2)]
			bad, what := spoil(r, row.columns[column])
			if other.id != row.id && r.IntN(4) == 0 {
				bad, what = other.columns[column], "that of another row"
			}
			s.SQL(t, "UPDATE sealed_versions SET "+column+" = ? WHERE id = ?", bad, row.id)
			before := len(s.Log.String())
			out := reveal(row)
			if out.Code() != "INTERNAL" || strings.Contains(out.Body, "canary-") {
				t.Errorf("%s of %s: %s", what, column, out.Body)
			}
			if said := s.Log.String()[before:]; !strings.Contains(said, row.id) || strings.Contains(said, "canary-") {
				t.Errorf("%s of %s: the log does not name %s, or shows a value: %s", what, column, row.id, said)
			}
			refused[column]++
			s.SQL(t, "UPDATE sealed_versions SET "+column+" = ? WHERE id = ?", row.columns[column], row.id)
		}
		for _, row := range rows {
			if got := reveal(row).Text("revealSecret", "clientSecret"); got != row.value {
				t.Errorf("put back it is %q", got)
			}
		}
		t.Logf("refused: %v", refused)
	})
}

func spoil(r *rand.Rand, whole []byte) (bad []byte, what string) {
	bad = append([]byte{}, whole...)
	at := r.IntN(len(bad))
	switch r.IntN(4) {
	case 0:
		bad[at] ^= 1 << r.IntN(8)
		return bad, fmt.Sprintf("a bit of byte %d", at)
	case 1:
		return bad[:at], fmt.Sprintf("all from byte %d on", at)
	case 2:
		return append(bad, byte(r.IntN(256))), "a byte more"
	}
	bad[at] += byte(1 + r.IntN(255))
	return bad, fmt.Sprintf("byte %d", at)
}

// security.md 4.1: the keyring is rotated while people reveal and change secrets. No reveal fails, and in the end every
// version is under the key in use.
//
//keyhall:norace
func TestRotatingTheKeyringFailsNoRevealOfASecret(t *testing.T) {
	t.Parallel()
	rotateUnderLoad(t, 3)
}

// The same 20 times.
func TestSoakRotatingTheKeyringFailsNoRevealOfASecret(t *testing.T) {
	if os.Getenv("KEYHALL_SOAK") == "" {
		t.Skip("set KEYHALL_SOAK for the long runs")
	}
	rotateUnderLoad(t, 20)
}

func rotateUnderLoad(t *testing.T, rotations int) {
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		var ids []string
		for i := range 10 {
			ids = append(ids, ada.AddSecret(t, "Payments", fmt.Sprint("value ", i)))
		}
		var stop atomic.Bool
		revealed := make(chan struct{})
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				for n := i; !stop.Load(); n++ {
					if got, code := ada.Reveal(t, ids[n%10]); got != fmt.Sprint("value ", n%10) {
						t.Errorf("a reveal failed: %q %q", got, code)
						return
					}
					select {
					case revealed <- struct{}{}:
					default:
					}
				}
			})
		}
		all.Go(func() {
			for !stop.Load() {
				id := ada.AddSecret(t, "new", "old")
				setValue(t, ada, id, "new")
				ada.Must(t, restoreVersion, apptest.Vars{"id": versionID(t, s, id, 1)})
			}
		})
		path := filepath.Join(s.Dir, keyring.FileName)
		for range rotations {
			turnKeyring(t, s, path)
			for range 5 {
				select {
				case <-revealed:
				case <-time.After(10 * time.Second):
					t.Error("nothing was revealed after the rotation")
				}
			}
		}
		stop.Store(true)
		all.Wait()
		turnKeyring(t, s, path)
		in, _, err := instance.Open(t.Context(), s.App.Store.Client, s.Dir)
		behind, err2 := instance.Behind(t.Context(), s.App.Store.Client, in)
		if errors.Join(err, err2) != nil || behind != 0 || s.Count(t, "sealed_versions WHERE keyset_id <> ?", in.PrimaryID()) != 0 {
			t.Errorf("%d values are not under the key in use: %v", behind, errors.Join(err, err2))
		}
		for i, id := range ids {
			if got, _ := ada.Reveal(t, id); got != fmt.Sprint("value ", i) {
				t.Error("a value is lost")
			}
		}
		t.Logf("%d rotations, %d reveals, %d values", rotations+1, s.Count(t, "audit_events WHERE type = 'secret.revealed'"),
			s.Count(t, "sealed_versions"))
	})
}
