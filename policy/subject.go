package policy

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Subject is who asks. The zero Subject is nobody, and nobody may do nothing.
type Subject struct {
	ID            string
	Email         string // empty: not known, and then equal to no address
	EmailVerified bool
	Administrator bool
	Session       string       // the session that they came with, looked at again before a deed
	Token         string       // or the access token; both empty: this process acts, and nobody came through a door
	Narrow        []Permission // what an access token includes; nil: everything that its holder may
}

func (s Subject) anonymous() bool { return s.ID == "" }

// includes tells whether the way in (an access token) reaches the permission at all. It can only take away.
func (s Subject) includes(p Permission) bool {
	return s.Narrow == nil || slices.Contains(s.Narrow, p)
}

// The facts of a request that a rule may read beside the row, under input.subject and input.env.
const (
	factID            = "subject.id"
	factEmail         = "subject.email"
	factEmailVerified = "subject.email_verified"
	factAdministrator = "subject.administrator"
)

func requestFacts() map[string]Kind {
	return map[string]Kind{factID: String, factEmail: String, factEmailVerified: Bool, factAdministrator: Bool}
}

// posture is what of a subject decides the text of a statement: its booleans, and whether an address is known.
// Everything else is bound as an argument, so a text is shared by all subjects of one posture.
type posture struct{ email, emailVerified, administrator bool }

func postureOf(s Subject) posture {
	return posture{email: s.Email != "", emailVerified: s.EmailVerified, administrator: s.Administrator}
}

// only keeps the parts that a rule reads, so that subjects do not multiply texts that are the same.
func (p posture) only(read map[string]bool) posture {
	return posture{
		email:         p.email && read[factEmail],
		emailVerified: p.emailVerified && read[factEmailVerified],
		administrator: p.administrator && read[factAdministrator],
	}
}

// postures lists every posture that differs for a rule that reads these facts.
func postures(read map[string]bool) []posture {
	seen := map[posture]bool{}
	var out []posture
	for i := range 8 {
		p := posture{i&1 != 0, i&2 != 0, i&4 != 0}.only(read)
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

// known is the value of a boolean fact.
func (p posture) known(fact string) (value, ok bool) {
	switch fact {
	case factEmailVerified:
		return p.emailVerified, true
	case factAdministrator:
		return p.administrator, true
	}
	return false, false
}

// term is the subject as input.subject: an unknown address is an absent key, never null.
func (s Subject) term() *ast.Term {
	pairs := [][2]*ast.Term{
		{ast.StringTerm("email_verified"), ast.BooleanTerm(s.EmailVerified)},
		{ast.StringTerm("administrator"), ast.BooleanTerm(s.Administrator)},
	}
	if s.ID != "" {
		pairs = append(pairs, [2]*ast.Term{ast.StringTerm("id"), ast.StringTerm(s.ID)})
	}
	if s.Email != "" {
		pairs = append(pairs, [2]*ast.Term{ast.StringTerm("email"), ast.StringTerm(s.Email)})
	}
	return ast.ObjectTerm(pairs...)
}
