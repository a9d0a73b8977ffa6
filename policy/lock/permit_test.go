package lock_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/auditevent"
	"github.com/keyhall/keyhall/ent/collaborator"
	"github.com/keyhall/keyhall/ent/sealedvalue"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// impatience bounds what must be refused at once.
const impatience = 5 * time.Second

// Each subtest has a transaction of its own that is undone, so they share one scene; SQLite lets them in one by one.
func TestPermit(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		for name, promise := range map[string]func(*testing.T, *scene){
			"no permit, no write":                          noPermitNoWrite,
			"no audit row, no deed":                        noAuditRowNoDeed,
			"a failed audit row opens nothing":             failedAuditRowOpensNothing,
			"an audit row of something else opens nothing": otherAuditRowOpensNothing,
			"a receipt pins its row":                       receiptPinsItsRow,
			"a receipt names its columns":                  receiptNamesItsColumns,
			"every setter beside an allowed one":           everySetterBesideAnAllowedOne,
			"a receipt names its types and operations":     receiptNamesItsTypes,
			"a receipt writes no edge of another table":    receiptWritesNoFarEdge,
			"an update that changes nothing reads nothing": emptyUpdateReadsNothing,
			"a receipt pins what it creates":               receiptPinsWhatItCreates,
			"a receipt pins what it deletes":               receiptPinsWhatItDeletes,
			"a receipt holds in its transaction only":      receiptHoldsInItsTransaction,
			"a receipt reads only its sealed value":        receiptReadsItsSealedValue,
			"a permit and a duty never add up":             permitAndDutyNeverAddUp,
			"a hidden row is no oracle in an update":       updateIsNoOracle,
			"nobody widens a permit":                       nobodyWidensAPermit,
			"a rotation makes one key of the old owner":    rotationMakesOneKey,
			"a rotation brings people to its new key only": rotationBringsPeople,
			"a rotation keeps the service account":         rotationKeepsTheServiceAccount,
		} {
			t.Run(name, func(t *testing.T) { promise(t, c) })
		}
	})
}

func noPermitNoWrite(t *testing.T, c *scene) {
	ctx, stop := context.WithTimeout(c.as(c.ada), impatience) // SQLite has one writer: what passes by mistake would wait for it
	defer stop()
	tx, err := c.App.Store.Tx(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, client := range []*ent.Client{c.App.Store.Client, tx.Client()} {
		for _, ctx := range []context.Context{ctx, lock.Under(ctx, lock.Permit{}), lock.Under(context.Background(), lock.Permit{})} {
			denied(t, "update one", client.APIKey.UpdateOneID(c.key).SetName("x").Exec(ctx))
			denied(t, "update", client.APIKey.Update().SetName("x").Exec(ctx))
			denied(t, "create", client.Collaborator.Create().SetAPIKeyID(c.key).SetUserID(c.ben.ID).SetRole(collaborator.RoleADMIN).Exec(ctx))
			denied(t, "create many", client.Collaborator.CreateBulk(client.Collaborator.Create().SetAPIKeyID(c.key).SetUserID(c.ben.ID).SetRole(collaborator.RoleADMIN)).Exec(ctx))
			denied(t, "delete one", client.APIKey.DeleteOneID(c.key).Exec(ctx))
			_, err := client.Collaborator.Delete().Exec(ctx)
			denied(t, "delete", err)
			denied(t, "audit row", client.AuditEvent.Create().SetType("made.up").SetOutcome(auditevent.OutcomeDONE).SetActorKind("user").Exec(ctx))
		}
	}
}

func noAuditRowNoDeed(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key})
	denied(t, "rename before the audit row", d.tx.APIKey.UpdateOneID(c.key).SetName("x").Exec(d.unrecorded()))
	_, err := d.tx.SealedValue.Query().All(d.unrecorded())
	if err == nil {
		t.Error("a sealed value was read before the audit row")
	}
	d.recorded()
	passes(t, "rename after the audit row", d.tx.APIKey.UpdateOneID(c.key).SetName("x").Exec(d.open()))
}

// The row must be in, not merely asked for: an insert that the database refuses leaves the deed closed.
func failedAuditRowOpensNothing(t *testing.T, c *scene) {
	taken := list(t, c, "SELECT id AS x FROM audit_events WHERE actor_id = ?", c.ada.ID)[0]
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key})
	row := func(id string) *ent.AuditEventCreate {
		return d.tx.AuditEvent.Create().SetID(id).SetType("api_key.updated").SetPermission("api_key.rename").
			SetOutcome(auditevent.OutcomeDONE).SetActorKind("user").SetActorID(c.ada.ID)
	}
	if err := row(taken).Exec(d.unrecorded()); !ent.IsConstraintError(err) {
		t.Fatalf("a second audit row of one id: %v", err)
	}
	if lock.Audited(d.permit.Permit) {
		t.Error("the permit counts as recorded although its audit row was refused")
	}
	denied(t, "rename after a refused audit row", d.tx.APIKey.UpdateOneID(c.key).SetName("x").Exec(d.unrecorded()))
}

func otherAuditRowOpensNothing(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key})
	row := func() *ent.AuditEventCreate {
		return d.tx.AuditEvent.Create().SetType("api_key.updated").SetPermission("api_key.rename").
			SetOutcome(auditevent.OutcomeDONE).SetActorKind("user").SetActorID(c.ada.ID)
	}
	for what, create := range map[string]*ent.AuditEventCreate{
		"of another permission": row().SetPermission("api_key.delete"),
		"of a denial":           row().SetOutcome(auditevent.OutcomeDENIED),
		"of another actor":      row().SetActorID(c.ben.ID),
		"of nobody":             d.tx.AuditEvent.Create().SetType("t").SetPermission("api_key.rename").SetOutcome(auditevent.OutcomeDONE).SetActorKind("user"),
	} {
		denied(t, "an audit row "+what, create.Exec(d.unrecorded()))
		denied(t, "rename after an audit row "+what, d.tx.APIKey.UpdateOneID(c.key).SetName("x").Exec(d.unrecorded()))
	}
	denied(t, "changing an audit row", d.tx.AuditEvent.Update().SetType("nothing.happened").Exec(d.recorded().open()))
	_, err := d.tx.AuditEvent.Delete().Exec(d.open())
	denied(t, "deleting audit rows", err)
}

func receiptPinsItsRow(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key}).recorded()
	for what, id := range map[string]string{"another key of the viewer": c.other, "a hidden key": c.hidden, "an absent key": "key_absent"} {
		notThere(t, "rename "+what, d.tx.APIKey.UpdateOneID(id).SetName("x").Exec(d.open()))
		if row, err := d.tx.APIKey.UpdateOneID(id).SetName("x").Save(d.open()); row != nil || !ent.IsNotFound(err) {
			t.Errorf("saving %s gives %v, %v", what, row, err)
		}
	}
	n, err := d.tx.APIKey.Update().Where(apikey.NameNEQ("")).SetName("bulk").Save(d.open())
	passes(t, "an update of all rows", err)
	if n != 1 {
		t.Errorf("an update of all rows under a receipt changed %d of them, want the pinned one", n)
	}
	n, err = d.tx.APIKey.Update().Where(apikey.Or(apikey.ID(c.hidden), apikey.ID(c.other))).SetName("bulk").Save(d.open())
	passes(t, "an update of other rows", err)
	if n != 0 {
		t.Errorf("an update of other rows changed %d of them", n)
	}
}

func receiptNamesItsColumns(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key}).recorded()
	one := func() *ent.APIKeyUpdateOne { return d.tx.APIKey.UpdateOneID(c.key) }
	for what, u := range map[string]*ent.APIKeyUpdateOne{
		"a column of another deed":             one().SetDisabledAt(1),
		"an allowed and a forbidden column":    one().SetName("x").SetDisabledAs("OWNER"),
		"adding to a number":                   one().AddLastUsedAt(1),
		"clearing":                             one().ClearDisabledByID(),
		"the owner, by its column":             one().SetOwnerID(c.ben.ID),
		"the owner, by its edge":               one().SetOwner(&ent.User{ID: c.ben.ID}),
		"the project, by its edge":             one().SetProject(&ent.Project{ID: c.ben.Project}),
		"clearing the owner":                   one().ClearOwner(),
		"appending to a list":                  one().AppendScopes([]string{"admin"}),
		"appending beside an allowed column":   one().SetName("x").AppendScopes([]string{"admin"}),
		"the kind, which shares a private key": one().SetKind(apikey.KindPERSONAL),
	} {
		denied(t, what, u.Exec(d.open()))
	}
	denied(t, "appending to a list of many", d.tx.APIKey.Update().AppendScopes([]string{"admin"}).Exec(d.open()))
	passes(t, "what the deed is about", one().SetName("x").SetDescription("").SetTags([]string{"t"}).SetExpiresAt(0).Exec(d.open()))
	passes(t, "appending to what the deed is about", one().AppendTags([]string{"u"}).Exec(d.open()))
}

// Whatever is hung onto an allowed change, by whichever method of the builder: the whole is refused.
func everySetterBesideAnAllowedOne(t *testing.T, c *scene) {
	allowed := []string{
		"SetName", "SetNillableName", "SetDescription", "SetNillableDescription", "SetTags", "AppendTags", "SetExpiresAt", "SetNillableExpiresAt", "AddExpiresAt",
		"SetRemindedDays", "SetNillableRemindedDays", "AddRemindedDays", "SetMetering", "SetNillableMetering",
	}
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key}).recorded()
	for _, one := range []bool{true, false} {
		for _, setter := range c.setters("APIKey", one) {
			if slices.Contains(allowed, setter) {
				continue
			}
			b := builder(d.tx.Client(), "APIKey", one)
			b = set(set(b, "SetName"), setter)
			err, _ := b.MethodByName("Exec").Call([]reflect.Value{reflect.ValueOf(d.open())})[0].Interface().(error)
			denied(t, setter, err)
		}
	}
}

func receiptNamesItsTypes(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key}).recorded()
	denied(t, "deleting what may be renamed", d.tx.APIKey.DeleteOneID(c.key).Exec(d.open()))
	_, err := d.tx.APIKey.Delete().Exec(d.open())
	denied(t, "deleting all", err)
	denied(t, "creating one", d.tx.APIKey.Create().SetID(c.key).SetProjectID(c.ada.Project).SetOwnerID(c.ada.ID).
		SetName("x").SetKind(apikey.KindPROJECT).SetStart("x").Exec(d.open()))
	denied(t, "a collaborator of the same key", d.tx.Collaborator.UpdateOneID(c.place).SetRole(collaborator.RoleADMIN).Exec(d.open()))
	denied(t, "a new collaborator of the same key", d.tx.Collaborator.Create().SetAPIKeyID(c.key).SetUserID(c.ben.ID).SetRole(collaborator.RoleADMIN).Exec(d.open()))
	denied(t, "the administrator", d.tx.User.UpdateOneID(c.ada.ID).SetAdministrator(true).Exec(d.open()))
	denied(t, "a session", d.tx.Session.Create().SetUserID(c.ada.ID).SetTokenHash("x").SetExpiresAt(1).Exec(d.open()))
}

// Ent stores these edges in other tables and would rewrite their rows without asking their policy (graphql.md section 2).
func receiptWritesNoFarEdge(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key}).recorded()
	key, me := d.tx.APIKey.UpdateOneID, d.tx.User.UpdateOneID
	for what, err := range map[string]error{
		"moving somebody's place here":          key(c.key).AddCollaboratorIDs(c.hiddenPlace).Exec(d.open()),
		"moving it beside an allowed column":    key(c.key).SetName("x").AddCollaboratorIDs(c.hiddenPlace).Exec(d.open()),
		"giving the own place away":             key(c.hidden).AddCollaboratorIDs(c.place).Exec(d.open()),
		"removing a place":                      key(c.key).RemoveCollaboratorIDs(c.place).Exec(d.open()),
		"clearing all places":                   key(c.key).ClearCollaborators().Exec(d.open()),
		"clearing all places of all":            d.tx.APIKey.Update().ClearCollaborators().Exec(d.open()),
		"moving an invitation":                  key(c.key).AddInvitationIDs(c.invitation).Exec(d.open()),
		"stealing a key by its owner's edge":    me(c.ada.ID).AddOwnedAPIKeyIDs(c.hidden).Exec(d.open()),
		"stealing a session by its user's edge": me(c.ada.ID).AddSessionIDs("ses_x").Exec(d.open()),
		"stealing a project":                    d.tx.Organization.UpdateOneID(c.ada.Home).AddProjectIDs(c.ben.Project).Exec(d.open()),
		"stealing a key by its project's edge":  d.tx.Project.UpdateOneID(c.ada.Project).AddAPIKeyIDs(c.hidden).Exec(d.open()),
		"stealing what was recorded":            d.tx.Organization.UpdateOneID(c.ada.Home).ClearAuditEvents().Exec(d.open()),
	} {
		denied(t, what, err)
	}
}

// sqlgraph forgets the predicates of an update that sets no column, and then reads the row by its id alone.
func emptyUpdateReadsNothing(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key}).recorded()
	row, err := d.tx.APIKey.UpdateOneID(c.hidden).Save(d.open())
	if err == nil || row != nil {
		t.Errorf("an update without a change, under a receipt for another row, reads the hidden key %q", row.Name)
	}
	session := list(t, c, "SELECT id AS x FROM sessions WHERE user_id = ?", c.ben.ID)[0]
	stolen, err := d.tx.Session.UpdateOneID(session).Save(lock.Touch(context.Background()))
	if err == nil || stolen != nil {
		t.Error("an update without a change, under the duty that may only touch, reads somebody's session with its hash")
	}
}

func receiptPinsWhatItCreates(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "project.create_api_key", policy.Deed{ID: c.ada.Project, New: "key_new"}).recorded()
	key := func() *ent.APIKeyCreate {
		return d.tx.APIKey.Create().SetID("key_new").SetProjectID(c.ada.Project).SetOwnerID(c.ada.ID).
			SetName("x").SetKind(apikey.KindPROJECT).SetStart("kh")
	}
	denied(t, "a key with another id", key().SetID("key_newer").Exec(d.open()))
	denied(t, "a key in another project", key().SetProjectID(c.ben.Project).Exec(d.open()))
	denied(t, "a key of another owner", key().SetOwnerID(c.ben.ID).Exec(d.open()))
	denied(t, "a key of another owner, by the edge", key().SetOwner(&ent.User{ID: c.ben.ID}).Exec(d.open()))
	denied(t, "a key that brings others along", key().AddCollaboratorIDs(c.hiddenPlace).Exec(d.open()))
	denied(t, "a key without its pins", d.tx.APIKey.Create().SetName("x").SetKind(apikey.KindPROJECT).SetStart("kh").Exec(d.open()))
	denied(t, "a bulk with one stranger", d.tx.APIKey.CreateBulk(key(), key().SetID("key_2").SetOwnerID(c.ben.ID)).Exec(d.open()))
	denied(t, "a secret for another key", d.tx.SealedValue.Create().SetAPIKeyID(c.other).SetVersion(2).
		SetWrappedKey([]byte("w")).SetCiphertext([]byte("c")).SetKeysetID("k").Exec(d.open()))
	denied(t, "a hash for another key", d.tx.APIKeyHash.Create().SetAPIKeyID(c.other).SetLookup("l").SetHash([]byte("h")).SetPepperID("p").Exec(d.open()))
	passes(t, "the key of the deed", key().Exec(d.open()))
}

func receiptPinsWhatItDeletes(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.remove_collaborator", policy.Deed{ID: c.key, Part: c.place}).recorded()
	notThere(t, "removing somebody of a hidden key", d.tx.Collaborator.DeleteOneID(c.hiddenPlace).Exec(d.open()))
	n, err := d.tx.Collaborator.Delete().Where(collaborator.IDNEQ(c.place)).Exec(d.open())
	passes(t, "removing everybody else", err)
	if n != 0 {
		t.Errorf("removing everybody else removed %d", n)
	}
	n, err = d.tx.Collaborator.Delete().Exec(d.open())
	passes(t, "removing everybody", err)
	if n != 1 {
		t.Errorf("removing everybody removed %d, want the pinned one", n)
	}
}

func receiptHoldsInItsTransaction(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key}).recorded()
	open := d.open()
	outside, stop := context.WithTimeout(open, impatience) // SQLite has one writer: what passes by mistake would wait for it
	defer stop()
	denied(t, "a write outside the transaction", c.App.Store.APIKey.UpdateOneID(c.key).SetName("x").Exec(outside))
	d.commit()
	if err := d.tx.APIKey.UpdateOneID(c.key).SetName("x").Exec(open); err == nil {
		t.Error("a write in the transaction that is over passed")
	}
	denied(t, "a write after the commit", c.App.Store.APIKey.UpdateOneID(c.key).SetName("x").Exec(open))
	next, err := c.App.Store.Tx(d.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = next.Rollback() }()
	denied(t, "a write in the next transaction", next.APIKey.UpdateOneID(c.key).SetName("x").Exec(open))
	if _, err := audit.Record(d.ctx, next, d.permit, audit.Event{Type: "test.done", ResourceID: c.key}); err == nil {
		t.Error("the permit was recorded again in another transaction")
	}
}

func receiptReadsItsSealedValue(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.reveal_secret", policy.Deed{ID: c.key})
	if _, err := d.tx.SealedValue.Query().All(d.unrecorded()); err == nil {
		t.Error("sealed values were read before the audit row")
	}
	d.recorded()
	rows, err := d.tx.SealedValue.Query().All(d.open())
	passes(t, "reading the sealed value", err)
	if len(rows) != 1 || rows[0].APIKeyID != c.key {
		t.Errorf("a receipt for %s reads %d sealed values", c.key, len(rows))
	}
	n, err := d.tx.SealedValue.Query().Where(sealedvalue.APIKeyID(c.hidden)).Count(d.open())
	if n != 0 || err != nil {
		t.Errorf("a receipt for one key counts %d sealed values of another: %v", n, err)
	}
	denied(t, "writing a value", d.tx.SealedValue.Update().SetCiphertext([]byte("x")).Exec(d.open()))
	for what, read := range map[string]func(context.Context) (int, error){
		"a password": d.tx.Credential.Query().Count, "a key's hash": d.tx.APIKeyHash.Query().Count, "the instance": d.tx.Instance.Query().Count,
	} {
		if _, err := read(d.open()); err == nil {
			t.Errorf("the receipt of a reveal reads %s", what)
		}
	}
}

func permitAndDutyNeverAddUp(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key}).recorded()
	denied(t, "the deed under a duty", d.tx.APIKey.UpdateOneID(c.key).SetName("x").Exec(lock.Touch(d.open())))
	denied(t, "the duty's write under the deed", d.tx.Session.Update().SetLastSeenAt(1).Exec(d.receipt.Open(lock.Touch(d.ctx))))
	if _, err := d.tx.Credential.Query().All(d.receipt.Open(lock.SignInLookup(d.ctx, c.ben.Username))); err == nil {
		t.Error("a deed borrowed the sight of a duty")
	}
}

// What a condition of an update or a delete finds must not tell of rows that the viewer cannot see.
func updateIsNoOracle(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key}).recorded()
	count := func(id string) int {
		n, err := d.tx.APIKey.Update().Where(apikey.HasCollaboratorsWith(collaborator.ID(id))).SetName("x").Save(d.open())
		passes(t, "an update with a condition on an edge", err)
		return n
	}
	if hidden, absent := count(c.hiddenPlace), count("col_absent"); hidden != absent {
		t.Errorf("a condition about a hidden row changes %d rows, about an absent one %d", hidden, absent)
	}
}

// A permit is a fact for whoever holds it: nobody outside policy/ can mark it as recorded or widen what it lists.
func nobodyWidensAPermit(t *testing.T, c *scene) {
	d := c.allow(t, c.ada, "api_key.rename", policy.Deed{ID: c.key})
	held := reflect.ValueOf(d.permit.Permit)
	if held.MethodByName("MarkAudited").IsValid() {
		t.Error("whoever holds a permit can say that it was recorded")
	}
	if m := held.MethodByName("Writes"); m.IsValid() {
		writes := m.Call(nil)[0]
		for i := range writes.Len() {
			writes.Index(i).FieldByName("Columns").Set(reflect.ValueOf([]string{"*"}))
			writes.Index(i).FieldByName("Pins").SetZero()
		}
	}
	d.recorded()
	denied(t, "a column that the holder added", d.tx.APIKey.UpdateOneID(c.key).SetDisabledAt(1).Exec(d.open()))
	notThere(t, "a row that the holder added", d.tx.APIKey.UpdateOneID(c.hidden).SetName("x").Exec(d.open()))
}
