package city

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
)

// secrets belong to somebody of their organization; one in fifty to somebody who left it.
func (p *plan) secrets() iter.Seq[[]any] {
	r := p.chance(3)
	return counted(p.Secrets, func(i int) []any {
		organization, owner := p.placeOf(r, i)
		created, used := int64(born)+int64(i)*day/1000+r.Int64N(day), int64(0) // a little out of the order of the ids
		if r.IntN(3) > 0 {
			used = created + r.Int64N(1000*day)
		}
		return []any{
			SecretID(i), created, organizationID(organization), userID(owner),
			fmt.Sprintf("%s %s %d", word(r), word(r), r.IntN(1000)), fmt.Sprintf("https://api%d.example.com/v2", r.IntN(500)),
			fmt.Sprintf("client-%d", i), `["` + word(r) + `"]`, "Used by the service that looks after the accounts of one region",
			true, created, used,
		}
	})
}

var secretColumns = []string{
	"id", "created_at", "organization_id", "owner_id", "name", "url", "client_id", "tags", "notes", "has_value", "updated_at", "last_used_at",
}

func (p *plan) placeOf(r *rand.Rand, i int) (organization, owner int) {
	organization = r.IntN(p.Organizations)
	owner = p.staff[organization][r.IntN(len(p.staff[organization]))]
	switch at := p.ways[i]; {
	case at.way == owned:
		organization, owner = int(at.who), p.People+int(at.who)
	case r.IntN(50) == 0:
		owner = r.IntN(p.People)
	}
	return organization, owner
}

// grantee is a person or a group, by number.
type grantee struct {
	group bool
	n     int
}

var grantColumns = []string{"id", "created_at", "secret_id", "user_id", "group_id", "level", "expires_at", "granted_at"}

// grants are of one to six grantees a secret, as many in all as the size says.
func (p *plan) grants() iter.Seq[[]any] {
	r, n := p.chance(4), 0
	return func(yield func([]any) bool) {
		for i := range p.Secrets {
			special, expires := p.sharedWithTheThree(i)
			wanted := (p.Grants*(i+1))/p.Secrets + [4]int{-2, -1, 3, 0}[i%4]
			for at, to := range p.grantees(r, special, wanted-n) {
				end := lifetime(r)
				if at < len(special) {
					end = expires
				}
				n++
				if !yield(p.grant(r, n, i, to, end)) {
					return
				}
			}
		}
	}
}

func (p *plan) grant(r *rand.Rand, n, secret int, to grantee, expires int64) []any {
	var user, group any
	if to.group {
		group = groupID(to.n)
	} else {
		user = userID(to.n)
	}
	return []any{id("sgr", n), born + n, SecretID(secret), user, group, [2]string{"VIEW", "EDIT"}[min(r.IntN(3), 1)], expires, born + n}
}

// sharedWithTheThree is what the plan says of one secret, and when that ends.
func (p *plan) sharedWithTheThree(i int) (to []grantee, expires int64) {
	at := p.ways[i]
	who := int(at.who)
	me, mine := grantee{n: p.People + who}, grantee{group: true, n: p.circle(who, i)}
	switch at.way {
	case direct:
		return []grantee{me}, [2]int64{0, far}[i%2]
	case grouped:
		return []grantee{mine}, 0
	case twice:
		return []grantee{me, mine}, 0
	case expired:
		return []grantee{me, mine}, past
	}
	return nil, 0
}

// grantees fills up what the plan says with people and groups by chance, two people to one group; the three and their
// groups get nothing by chance.
func (p *plan) grantees(r *rand.Rand, special []grantee, wanted int) []grantee {
	out := special
	for len(out) < wanted {
		to := grantee{n: r.IntN(p.People)}
		if r.IntN(3) == 0 {
			// The group that one of the three was in and the disabled one are among them.
			to = grantee{group: true, n: r.IntN(p.ordinary())}
		}
		if !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	return out
}

// word is one of ten, so that a text that is one of them finds about a fifth of all names.
func word(r *rand.Rand) string {
	words := []string{"ledger", "billing", "search", "mail", "report", "import", "export", "mobile", "partner", "nightly"}
	return words[r.IntN(len(words))]
}
