package benches

import (
	"fmt"
	"testing"
)

// question is one decision on one key.
type decision struct{ actor, verb string }

// peer decides on facts that are prepared before the race.
type peer struct {
	name   string
	decide func(decision) (bool, error)
}

// decisions are all cases: everybody who can have a role on a key, and a stranger, and three permissions. Of each case the
// promise is written beside it by hand in promised.
func decisions() []decision {
	var out []decision
	for _, actor := range []string{"owner", "admin", "contributor", "project_owner", "project_member", "organization_owner", "stranger"} {
		for _, verb := range []string{"view", "reveal_secret", "rename"} {
			out = append(out, decision{actor, verb})
		}
	}
	return out
}

// promised is the matrix of the three permissions.
func promised(d decision) bool {
	switch d.actor {
	case "owner", "admin", "project_owner":
		return true
	case "contributor":
		return d.verb != "rename"
	case "project_member", "organization_owner":
		return d.verb == "view"
	}
	return false
}

// measurePeers compares OPA, on Keyhall's own rules, with each peer on the same rules: all cases in turn.
func measurePeers(t *testing.T, out *table) {
	opa := newOPA(t)
	for _, p := range []peer{newCedar(t), newCasbin(t)} {
		out.row(fmt.Sprintf("%d decisions", len(decisions())), noBar, all(t, opa), all(t, p))
	}
}

// all makes sure that a peer keeps the promise, and is then the run that decides every case.
func all(t *testing.T, p peer) contender {
	t.Helper()
	cases := decisions()
	for _, d := range cases {
		if got, err := p.decide(d); err != nil || got != promised(d) {
			t.Fatalf("%s: %+v is %v, %v", p.name, d, got, err)
		}
	}
	return contender{p.name, func() error {
		for _, d := range cases {
			if _, err := p.decide(d); err != nil {
				return err
			}
		}
		return nil
	}}
}
