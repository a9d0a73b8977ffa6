package graph_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const secretChanged = `subscription { accessChanged { kind resourceId resource { id ... on Secret { name } ... on Group { name } } permissions } }`

// B11: what somebody gains, may do and loses reaches their open stream, also through a group; of a group it is the group.
func TestAStreamTellsOfSecretsAndGroups(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, cleo := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "cleo")
		streams := map[string]*apptest.Stream{}
		for name, who := range map[string]*apptest.Actor{"ada": ada, "ben": ben, "cleo": cleo} {
			streams[name] = who.Stream(t, secretChanged, nil)
			if got := told(streams[name].Next(t)); got != "RESYNC" {
				t.Fatalf("the first event is %s", got)
			}
		}
		is := func(whose, want, can, cannot string) {
			t.Helper()
			a := streams[whose].Next(t)
			if got := told(a); got != want {
				t.Errorf("%s is told %s, want %s", whose, got, want)
			}
			if can != "" && !may(a, can) || cannot != "" && may(a, cannot) {
				t.Errorf("%s: %s may %v", want, whose, a.At("accessChanged", "permissions"))
			}
		}
		id := ada.AddSecret(t, "Payments", "value")
		is("ada", "GAINED "+id+" Payments", "secret.delete", "")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, nil)
		is("ben", "GAINED "+id+" Payments", "secret.reveal", "secret.edit")
		ada.ShareSecret(t, id, apptest.Vars{"login": ben.Username}, apptest.Vars{"canEdit": true})
		is("ben", "CHANGED "+id+" Payments", "secret.edit", "secret.share")
		team := ada.MakeGroup(t, "Team", cleo)
		is("ada", "GAINED "+team+" Team", "group.delete", "")
		is("cleo", "GAINED "+team+" Team", "group.leave", "group.edit")
		ada.ShareSecret(t, id, apptest.Vars{"groupId": team}, nil)
		is("cleo", "GAINED "+id+" Payments", "secret.reveal", "secret.leave")
		ada.Must(t, `mutation($id: ID!) { updateSecret(input: {id: $id, name: "Cards"}) { errors { code } } }`, apptest.Vars{"id": id})
		for _, whose := range []string{"ada", "ben", "cleo"} {
			is(whose, "CHANGED "+id+" Cards", "", "")
		}
		grant := textOf(t, s, "SELECT id FROM secret_grants WHERE secret_id = ? AND user_id = ?", id, ben.ID)
		ada.Must(t, `mutation($id: ID!, $grant: ID!) { unshareSecret(input: {secretId: $id, grantIds: [$grant]}) { errors { code } } }`, apptest.Vars{"id": id, "grant": grant})
		is("ben", "LOST "+id, "", "secret.view")
		ada.Must(t, `mutation($id: ID!) { updateGroup(input: {id: $id, status: DISABLED}) { errors { code } } }`, apptest.Vars{"id": team})
		is("ada", "CHANGED "+team+" Team", "", "")
		is("cleo", "CHANGED "+team+" Team", "group.leave", "")
		ada.Must(t, `mutation($id: ID!) { deleteGroup(input: {id: $id}) { errors { code } } }`, apptest.Vars{"id": team})
		is("ada", "LOST "+team, "", "")
		is("cleo", "LOST "+team, "", "")
	})
}
