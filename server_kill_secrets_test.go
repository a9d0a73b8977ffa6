package main

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"
)

// secretLife is one worker who takes one API secret after another through its life, as lifecycle does with keys.
type secretLife struct {
	worker, secret int
	step           int // deeds of the secret's life that were acknowledged
	id             string
	acknowledged   int
	wrong          string // a value that was shown and should not have been
	home           string // ada's organization
	at             *killing
}

func (l *secretLife) name() string { return fmt.Sprintf("life-s%d-%04d", l.worker, l.secret) }
func (l *secretLife) once() string { return fmt.Sprintf("%s, %d", l.name(), l.step) }
func (l *secretLife) value(version int) string {
	return fmt.Sprintf("value %d of %s", version, l.name())
}

func (l *secretLife) took() (n int) {
	n, l.acknowledged = l.acknowledged, 0
	return n
}

func (l *secretLife) next() {
	if l.step++; l.step == 9 {
		l.step, l.secret = 0, l.secret+1
	}
}

// work does one deed after another until one is not acknowledged.
func (l *secretLife) work() {
	for l.deed() {
		l.at.acknowledged()
		l.acknowledged++
		l.next()
	}
}

// deed does the next one. Each makes a difference that can be seen.
func (l *secretLife) deed() bool {
	named := `id: "` + l.id + `"`
	do := func(mutation, input string) bool {
		return l.at.ask("ada", l.once(), "mutation { "+mutation+"(input: {"+input+"}) { errors { code } } }", &struct{}{})
	}
	switch l.step {
	case 0:
		return l.create()
	case 1:
		return do("shareSecrets", `secretIds: ["`+l.id+`"], grants: [{grantee: {login: "ben"}}]`)
	case 2, 5:
		return l.reveal(l.value(1))
	case 3:
		return do("updateSecret", named+`, clientSecret: "`+l.value(2)+`"`)
	case 4:
		seen, ok := l.look()
		versions := seen.Versions.Nodes
		return ok && len(versions) > 1 && do("restoreSecretVersion", `versionId: "`+versions[len(versions)-1].ID+`"`)
	case 6:
		return do("disableSecrets", `ids: ["`+l.id+`"]`)
	case 7:
		seen, ok := l.look()
		return ok && len(seen.Grants.Nodes) == 1 && do("unshareSecret", `secretId: "`+l.id+`", grantIds: ["`+seen.Grants.Nodes[0].ID+`"]`)
	default:
		return do("deleteSecret", named)
	}
}

func (l *secretLife) create() bool {
	var out struct {
		CreateSecret struct{ Secret struct{ ID string } }
	}
	ok := l.at.ask("ada", l.once(), `mutation { createSecret(input: {organizationId: "`+l.home+`", name: "`+l.name()+`", url: "https://api.example.com", clientId: "c",
		clientSecret: "`+l.value(1)+`", notifyOnReveal: true}) { secret { id } } }`, &out)
	l.id = out.CreateSecret.Secret.ID
	return ok && l.id != ""
}

// reveal is ben's; sent again under its key it is answered without the value.
func (l *secretLife) reveal(want string) bool {
	var out struct {
		RevealSecret struct {
			ClientSecret string
			Errors       []struct{ Code string }
		}
	}
	if !l.at.ask("ben", l.once(), `mutation { revealSecret(input: {id: "`+l.id+`", purpose: SHOW}) { clientSecret errors { code } } }`, &out) {
		return false
	}
	if len(out.RevealSecret.Errors) == 1 && out.RevealSecret.Errors[0].Code == "ALREADY_DELIVERED" {
		return true
	}
	if out.RevealSecret.ClientSecret != want {
		l.wrong = out.RevealSecret.ClientSecret
	}
	return out.RevealSecret.ClientSecret == want
}

// seenSecret is a secret as its owner sees it.
type seenSecret struct {
	ID, Status  string
	Version     int
	RevealCount int
	Shared      bool
	Grants      struct{ Nodes []struct{ ID string } }
	Versions    struct{ Nodes []struct{ ID string } }
}

func (l *secretLife) look() (seenSecret, bool) {
	var out struct{ Secrets struct{ Nodes []seenSecret } }
	ok := l.at.ask("ada", "", `{ secrets(filter: {name: "`+l.name()+`"}) { nodes { id status version revealCount shared grants(first: 5) { nodes { id } } versions(first: 5) { nodes { id } } } } }`, &out)
	if !ok || len(out.Secrets.Nodes) == 0 {
		return seenSecret{}, ok
	}
	return out.Secrets.Nodes[0], true
}

// steps are those after which a secret looks like this to its owner.
func (s seenSecret) steps() []int {
	switch {
	case s.ID == "":
		return []int{0, 9}
	case s.Status == "DISABLED" && s.Shared:
		return []int{7}
	case s.Status == "DISABLED":
		return []int{8}
	case s.RevealCount == 2:
		return []int{6}
	case s.Version > 1:
		return []int{s.Version + 2}
	case s.RevealCount == 1:
		return []int{3}
	case s.Shared:
		return []int{2}
	}
	return []int{1}
}

// resume is that of lifecycle: exactly the acknowledged deeds are done, and perhaps the one that was under way.
func (l *secretLife) resume(t *testing.T, db *sql.DB) {
	t.Helper()
	if l.wrong != "" {
		t.Errorf("%s: a reveal showed %q", l.name(), l.wrong)
	}
	seen, ok := l.look()
	if !ok {
		t.Fatalf("%s cannot be looked for: %v", l.name(), l.at.said.Load())
	}
	if seen.ID != "" {
		l.id = seen.ID
	}
	done := 0
	if err := db.QueryRow("SELECT COUNT(*) FROM audit_events WHERE outcome = 'DONE' AND resource_id = '" + l.id + "'").Scan(&done); err != nil {
		t.Fatal(err)
	}
	if l.step == 0 && seen.ID == "" {
		done = 0 // the id is that of the secret before
	}
	if done != l.step && done != l.step+1 || !slices.Contains(seen.steps(), done) {
		t.Errorf("%s: %d deeds were acknowledged, %d are recorded, and it looks as after %v: %+v", l.name(), l.step, done, seen.steps(), seen)
		return
	}
	if done == l.step {
		return
	}
	if l.step != 7 && !l.deed() { // done and not acknowledged; the seventh looks for what it took back
		t.Errorf("%s: what was done as deed %d is not answered when it is sent again under its key", l.name(), done)
	}
	l.next()
}

// secretsAreWhole: no secret without its version, no value without its version and the other way round, no reveal without its
// audit row and its letter.
func secretsAreWhole() map[string]string {
	return map[string]string{
		"secrets without the row of their creation": `SELECT COUNT(*) FROM secrets s WHERE NOT EXISTS
			(SELECT 1 FROM audit_events a WHERE a.resource_id = s.id AND a.type = 'secret.created')`,
		"rows of a creation without a secret": `SELECT COUNT(*) FROM audit_events a WHERE a.type = 'secret.created' AND NOT EXISTS
			(SELECT 1 FROM secrets s WHERE s.id = a.resource_id) AND NOT EXISTS
			(SELECT 1 FROM audit_events d WHERE d.resource_id = a.resource_id AND d.type = 'secret.deleted')`,
		"rows of a deletion with a secret":   `SELECT COUNT(*) FROM audit_events a JOIN secrets s ON s.id = a.resource_id WHERE a.type = 'secret.deleted'`,
		"secrets without all their versions": `SELECT COUNT(*) FROM secrets s WHERE s.version <> (SELECT COUNT(*) FROM secret_versions v WHERE v.secret_id = s.id AND v.number <= s.version)`,
		"versions beyond the one in use":     `SELECT COUNT(*) FROM secret_versions v JOIN secrets s ON s.id = v.secret_id WHERE v.number > s.version`,
		"versions without their value": `SELECT COUNT(*) FROM secret_versions v WHERE v.has_value AND NOT EXISTS
			(SELECT 1 FROM sealed_versions x WHERE x.secret_id = v.secret_id AND x.number = v.number)`,
		"values without their version": `SELECT COUNT(*) FROM sealed_versions x WHERE NOT EXISTS
			(SELECT 1 FROM secret_versions v WHERE x.secret_id = v.secret_id AND x.number = v.number)`,
		"versions without the row of the deed that made them": `SELECT COUNT(*) FROM secrets s WHERE s.version <> (SELECT COUNT(*) FROM audit_events a
			WHERE a.resource_id = s.id AND a.type IN ('secret.created', 'secret.updated', 'secret.version_restored'))`,
		"reveals of secrets that do not match their rows": `SELECT COUNT(*) FROM secrets s WHERE s.reveal_count <>
			(SELECT COUNT(*) FROM audit_events a WHERE a.resource_id = s.id AND a.type = 'secret.revealed' AND a.outcome = 'DONE')`,
		"reveals without their letter, or the reverse": `SELECT (SELECT COUNT(*) FROM audit_events WHERE type = 'secret.revealed' AND outcome = 'DONE') -
			(SELECT COUNT(*) FROM mails WHERE kind = 'secret_revealed')`,
		"grants without the row of their sharing": `SELECT COUNT(*) FROM secret_grants g WHERE NOT EXISTS
			(SELECT 1 FROM audit_events a WHERE a.resource_id = g.secret_id AND a.type = 'share.granted')`,
		"orphans of a secret": `SELECT (SELECT COUNT(*) FROM secret_versions WHERE secret_id NOT IN (SELECT id FROM secrets)) +
			(SELECT COUNT(*) FROM sealed_versions WHERE secret_id NOT IN (SELECT id FROM secrets)) + (SELECT COUNT(*) FROM secret_grants WHERE secret_id NOT IN (SELECT id FROM secrets))`,
	}
}
