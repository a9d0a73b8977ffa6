package graph_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
)

// A9: once an administrator took the proof of an address back, or suspended its account, no mail from before proves it again;
// one that is sent after it does.
//
//keyhall:norace
func TestAnOldMailDoesNotBringATakenProofBack(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, admin := s.Actor(t, "ada"), s.Administrator(t)
		key := ada.CreateKey(t, "Payments", "", "PROJECT").ID
		for name, take := range map[string][]apptest.Vars{
			"unverified":              {{"verified": true}, {"verified": false}},
			"suspended, and let back": {{"suspended": true}, {"suspended": false}},
		} {
			gerd := s.Unverified(t, "gerd")
			id := ada.Invite(t, key, gerd, "CONTRIBUTOR")
			link := box.Await(t, mail.Invitation, gerd.Email, 1).Token
			for _, vars := range take {
				admin.Must(t, setStatus, with(vars, "id", gerd.ID))
			}
			gerd.SignIn(t)
			for what, mutation := range map[string]string{"open": openMutation, "accept": acceptByToken} {
				if code := gerd.Do(t, mutation, withToken(link)).Code(); code != "EMAIL_NOT_VERIFIED" {
					t.Errorf("%s: %s by the old mail: %q", name, what, code)
				}
			}
			if gerd.Must(t, whoAmI, nil).At("viewer", "emailVerified") != false {
				t.Errorf("%s: the old mail proved the address", name)
			}
			ada.Must(t, resendMutation, apptest.Vars{"id": id})
			link = box.Await(t, mail.Invitation, gerd.Email, 2).Token
			gerd.Must(t, openMutation, withToken(link))
			gerd.Must(t, acceptByToken, withToken(link))
			if gerd.Must(t, whoAmI, nil).At("viewer", "emailVerified") != true {
				t.Errorf("%s: the new mail did not prove the address", name)
			}
		}
	})
}
