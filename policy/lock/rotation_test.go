package lock_test

import (
	"testing"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/collaborator"
	"github.com/keyhall/keyhall/ent/invitation"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/policy"
)

func (c *scene) rotation(t *testing.T) *deed {
	t.Helper()
	return c.allow(t, c.ada, "api_key.rotate", policy.Deed{ID: c.key, New: "key_heir", Owner: c.ada.ID, Project: c.ada.Project}).recorded()
}

// A3: not even a mistake of the verb gives the new key to somebody else, or makes it of another key.
func rotationMakesOneKey(t *testing.T, c *scene) {
	d := c.rotation(t)
	heir := func(id, owner, project, replaces string) error {
		return d.tx.APIKey.Create().SetID(id).SetOwnerID(owner).SetProjectID(project).SetReplacesID(replaces).
			SetName("x").SetKind(apikey.KindPROJECT).SetStart("x").Exec(d.open())
	}
	denied(t, "another id", heir("key_other", c.ada.ID, c.ada.Project, c.key))
	denied(t, "another owner", heir("key_heir", c.ben.ID, c.ada.Project, c.key))
	denied(t, "another project", heir("key_heir", c.ada.ID, c.ben.Project, c.key))
	denied(t, "another key's heir", heir("key_heir", c.ada.ID, c.ada.Project, c.other))
	denied(t, "nobody's heir", d.tx.APIKey.Create().SetID("key_heir").SetOwnerID(c.ada.ID).SetProjectID(c.ada.Project).
		SetName("x").SetKind(apikey.KindPROJECT).SetStart("x").Exec(d.open()))
	passes(t, "the heir", heir("key_heir", c.ada.ID, c.ada.Project, c.key))
	denied(t, "the name of the old key", d.tx.APIKey.UpdateOneID(c.key).SetName("x").Exec(d.open()))
	notThere(t, "the grace of another key", d.tx.APIKey.UpdateOneID(c.other).SetGraceExpiresAt(1).Exec(d.open()))
	denied(t, "a secret of another key", d.tx.SealedValue.Create().SetAPIKeyID(c.other).SetVersion(9).
		SetWrappedKey(nil).SetCiphertext(nil).SetKeysetID("x").Exec(d.open()))
	denied(t, "the hash of the old key", d.tx.APIKeyHash.Create().SetAPIKeyID(c.key).SetLookup("x").SetHash(nil).SetPepperID("x").Exec(d.open()))
}

func rotationBringsPeople(t *testing.T, c *scene) {
	d := c.rotation(t)
	err := d.tx.APIKey.Create().SetID("key_heir").SetOwnerID(c.ada.ID).SetProjectID(c.ada.Project).SetReplacesID(c.key).
		SetName("x").SetKind(apikey.KindPROJECT).SetStart("x").Exec(d.open())
	passes(t, "the heir", err)
	place := func(key string) error {
		return d.tx.Collaborator.Create().SetAPIKeyID(key).SetUserID(c.ben.ID).SetRole(collaborator.RoleADMIN).Exec(d.open())
	}
	denied(t, "a place on the old key", place(c.key))
	denied(t, "a place on another key", place(c.other))
	passes(t, "a place on the heir", place("key_heir"))
	if people := d.tx.Collaborator.Query().AllX(d.open()); len(people) != 1 || people[0].ID != c.place {
		t.Errorf("a rotation reads the places %v", people)
	}
	denied(t, "an invitation to another key", d.tx.Invitation.Update().SetAPIKeyID(c.other).Exec(d.open()))
	denied(t, "an invitation to nothing", d.tx.Invitation.Update().ClearAPIKeyID().Exec(d.open()))
	denied(t, "an invitation in another role", d.tx.Invitation.Update().SetAPIKeyID("key_heir").SetRole("ADMIN").Exec(d.open()))
	n, err := d.tx.Invitation.Update().Where(invitation.EmailNEQ("")).SetAPIKeyID("key_heir").Save(d.open())
	passes(t, "open invitations to the heir", err)
	if n != 1 {
		t.Errorf("%d invitations moved, want the one to the old key", n)
	}
}

// The new key of a service account's is that one's, and nobody's else.
func rotationKeepsTheServiceAccount(t *testing.T, c *scene) {
	service := func(name string) string {
		return c.ada.Must(t, `mutation($p: ID!, $name: String!) { createServiceAccount(input: {projectId: $p, name: $name}) { serviceAccount { id } errors { code } } }`,
			apptest.Vars{"p": c.ada.Project, "name": name}).Text("createServiceAccount", "serviceAccount", "id")
	}
	own, other := service("own"), service("other")
	d := c.allow(t, c.ada, "api_key.rotate", policy.Deed{ID: c.key, New: "key_heir", Service: own, Project: c.ada.Project}).recorded()
	heir := func() *ent.APIKeyCreate {
		return d.tx.APIKey.Create().SetID("key_heir").SetProjectID(c.ada.Project).SetReplacesID(c.key).SetName("x").SetKind(apikey.KindPROJECT).SetStart("x")
	}
	denied(t, "a person's", heir().SetOwnerID(c.ada.ID).Exec(d.open()))
	denied(t, "nobody's", heir().Exec(d.open()))
	denied(t, "another service account's", heir().SetServiceAccountID(other).Exec(d.open()))
	passes(t, "the service account's", heir().SetServiceAccountID(own).Exec(d.open()))
}
