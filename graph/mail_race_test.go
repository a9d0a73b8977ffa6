package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/mail"
)

// A9: fifty acceptances of one invitation at once, by id and by link: one place, one audit row, and everybody an answer.
func TestFiftyAcceptancesMakeOnePlace(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada, dev := s.Actor(t, "ada"), s.Unverified(t, "dev")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		ada.Invite(t, key.ID, dev, "ADMIN")
		link := withToken(box.Await(t, mail.Invitation, dev.Email, 1).Token)
		codes := codesAtOnce(50, func(int) string { return dev.Do(t, acceptByToken, link).Code() })
		for _, c := range codes {
			if c != "" && c != "INVITE_NOT_PENDING" && c != "CONFLICT" {
				t.Errorf("one of them got %q", c)
			}
		}
		done := len(codes) - len(slices.DeleteFunc(slices.Clone(codes), func(c string) bool { return c == "" }))
		places, rows := s.Count(t, "collaborators WHERE api_key_id = ?", key.ID), s.Count(t, "audit_events WHERE type = 'invite.accepted' AND resource_id = ?", key.ID)
		verified := s.Count(t, "audit_events WHERE type = 'user.email_verified' AND actor_id = ?", dev.ID)
		if done != 1 || places != 1 || rows != 1 || verified != 1 {
			t.Errorf("%d were told that it is done; %d places, %d rows of it, %d of the address", done, places, rows, verified)
		}
	})
}

// codesAtOnce calls f so often, all at the same moment, and returns what each said.
func codesAtOnce(n int, f func(i int) string) []string {
	out, deeds := make([]string, n), make([]func(), n)
	for i := range n {
		deeds[i] = func() { out[i] = f(i) }
	}
	atOnce(deeds...)
	return out
}

const offerRounds = 12 // of each rival

// A9, A10, A13, A14: accepting raced against what takes the invitation away: always one of the two legal ends, told to
// both, and never a place without an accepted invitation or the other way round.
func TestAcceptingRacedAgainstItsEndHasOneLegalEnd(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *apptest.Server, box *apptest.Mailbox) {
		ada := s.Actor(t, "ada")
		key := ada.CreateKey(t, "Payments", "", "PROJECT")
		for rival, r := range map[string]struct {
			mutation string
			about    func(place, id string) string
			loser    string // what accepting says when it comes second
			settled  string // what the rival says when it comes second; empty: it always succeeds
		}{
			"revoke":         {revokeMutation, func(_, id string) string { return id }, "INVITE_REVOKED", "INVITE_NOT_PENDING"},
			"resend":         {resendMutation, func(_, id string) string { return id }, "INVITE_REVOKED", "INVITE_NOT_PENDING"},
			"decline":        {declineMutation, func(_, id string) string { return id }, "INVITE_NOT_PENDING", "INVITE_NOT_PENDING"},
			"demote sender":  {demoteMutation, func(place, _ string) string { return place }, "INVITE_REVOKED", ""},
			"removed sender": {removeMutation, func(place, _ string) string { return place }, "INVITE_REVOKED", ""},
		} {
			first := 0
			for round := range offerRounds {
				what := fmt.Sprintf("%s, round %d", rival, round)
				sender, dev := s.Actor(t, "ben"), s.Actor(t, "dev")
				place := ada.Share(t, key.ID, sender, "ADMIN")
				id := sender.Invite(t, key.ID, dev, "CONTRIBUTOR")
				link := withToken(box.Await(t, mail.Invitation, dev.Email, 1).Token)
				by := ada
				if rival == "decline" {
					by = dev
				}
				codes := codesAtOnce(2, func(i int) string {
					if i == round%2 {
						return dev.Do(t, acceptByToken, link).Code()
					}
					return by.Do(t, r.mutation, apptest.Vars{"id": r.about(place, id)}).Code()
				})
				accepted, other := codes[round%2], codes[1-round%2]
				if accepted == "" {
					first++
				}
				places := s.Count(t, "collaborators WHERE api_key_id = ? AND user_id = ?", key.ID, dev.ID)
				status := s.Count(t, "invitations WHERE id = ? AND status = 'ACCEPTED'", id)
				legal := accepted == "" && places == 1 && status == 1 && (other == "" && r.settled == "" || r.settled != "" && other == r.settled) ||
					accepted == r.loser && places == 0 && status == 0 && other == ""
				if !legal {
					t.Errorf("%s: accepting said %q, the rival %q; %d places, accepted: %d", what, accepted, other, places, status)
				}
			}
			t.Logf("%s: accepting came first in %d of %d", rival, first, offerRounds)
		}
	})
}
