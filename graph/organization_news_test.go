package graph_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

const organizationChanged = `subscription { accessChanged { kind resourceId resource { id ... on Organization { name } ... on Project { name } } permissions } }`

// C9: what somebody gains, may do and loses by an organization reaches their open stream; of those who join it, they alone hear.
func TestAStreamTellsOfOrganizations(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben := s.Actor(t, "ada"), s.Actor(t, "ben")
		streams := map[string]*apptest.Stream{}
		for name, who := range map[string]*apptest.Actor{"ada": ada, "ben": ben} {
			streams[name] = who.Stream(t, organizationChanged, nil)
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
		id, shop, _ := crew(t, s, ada)
		name := "Acme " + ada.Username
		is("ada", "GAINED "+id+" "+name, "organization.delete", "")
		ben.Accept(t, ada.InviteTo(t, id, ben.Email, "READER", apptest.Vars{"projectId": shop, "role": "MEMBER"}))
		is("ben", "GAINED "+id+" "+name, "organization.leave", "organization.edit")
		is("ben", "GAINED "+shop+" Shop", "project.create_api_key", "project.edit")
		place := membership(t, s, id, ben)
		ada.Must(t, updateMemberRole, apptest.Vars{"id": place, "role": "OWNER"})
		is("ben", "CHANGED "+id+" "+name, "organization.edit", "")
		ada.Must(t, updateOrganization, apptest.Vars{"in": apptest.Vars{"id": id, "name": "Other"}})
		is("ada", "CHANGED "+id+" Other", "", "")
		is("ben", "CHANGED "+id+" Other", "", "")
		ada.Must(t, deleteOrganization, apptest.Vars{"id": id, "name": "Other"})
		is("ada", "LOST "+id, "", "organization.view")
		is("ben", "LOST "+id, "", "organization.view")
	})
}

// C10, section 7: who leaves hears of each project that they lose, and so does who owns it, themself or by a group.
func TestAStreamTellsOfThePlacesThatALeaverLoses(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada, ben, dev := s.Actor(t, "ada"), s.Actor(t, "ben"), s.Actor(t, "dev")
		id := ada.Home
		s.JoinOrganization(t, id, ben, "READER")
		s.JoinOrganization(t, id, dev, "READER")
		shop := newProject(t, ada, id, "Shop", "STAGING")
		join(t, ada, shop, apptest.Vars{"userId": ben.ID}, "MEMBER")
		join(t, ada, shop, apptest.Vars{"groupId": ada.MakeGroup(t, "Leads", dev)}, "OWNER")
		streams := map[string]*apptest.Stream{}
		for name, who := range map[string]*apptest.Actor{"ada": ada, "ben": ben, "dev": dev} {
			streams[name] = who.Stream(t, organizationChanged, nil)
			streams[name].Next(t)
		}
		if out := ben.Do(t, leaveOrganization, apptest.Vars{"id": id}); out.Code() != "" {
			t.Fatal(out.Body)
		}
		lost := []string{told(streams["ben"].Next(t)), told(streams["ben"].Next(t))}
		slices.Sort(lost)
		if want := []string{"LOST " + id, "LOST " + shop}; !slices.Equal(lost, want) {
			t.Errorf("the leaver is told %s, want %s", lost, want)
		}
		for _, name := range []string{"ada", "dev"} {
			if got := told(streams[name].Next(t)); got != "CHANGED "+shop+" Shop" {
				t.Errorf("%s is told %s", name, got)
			}
		}
	})
}

// C9: whoever accepts while their inviter loses the right to invite, or the organization goes, is in it or is not, and never half.
func TestAcceptingAndEndingAnInvitationToAnOrganizationDoNotMeetHalfway(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		for round := range 6 {
			ben, dev := s.Actor(t, "ben"), s.Actor(t, "dev")
			owner := s.Actor(t, "owner")
			id, shop, _ := crew(t, s, owner)
			s.JoinOrganization(t, id, ada, "OWNER")
			s.JoinOrganization(t, id, ben, "OWNER")
			inv := ben.InviteTo(t, id, dev.Email, "READER", apptest.Vars{"projectId": shop, "role": "MEMBER"})
			place, name := membership(t, s, id, ben), "Acme "+owner.Username
			var accepted, ended apptest.Answer
			var both sync.WaitGroup
			both.Go(func() { accepted = about(t, dev, acceptMutation, inv) })
			both.Go(func() {
				switch round % 3 {
				case 0:
					ended = ada.Do(t, updateMemberRole, apptest.Vars{"id": place, "role": "READER"})
				case 1:
					ended = about(t, ada, revokeMutation, inv)
				default:
					ended = ada.Do(t, deleteOrganization, apptest.Vars{"id": id, "name": name})
				}
			})
			both.Wait()
			in, working := s.Count(t, "organization_members WHERE user_id = ? AND organization_id = ?", dev.ID, id), s.Count(t, "project_members WHERE user_id = ? AND project_id = ?", dev.ID, shop)
			pending := s.Count(t, "invitations WHERE id = ? AND status = 'PENDING'", inv)
			gone := s.Count(t, "organizations WHERE id = ?", id) == 0
			if in != working || in == 1 != (accepted.Code() == "") && !gone || accepted.Code() == "" && pending != 0 || round%3 != 1 && ended.Code() != "" {
				t.Errorf("round %d: in %d, in the project %d, pending %d: %s %s", round, in, working, pending, accepted.Body, ended.Body)
			}
		}
	})
}
