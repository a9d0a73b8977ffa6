package benches

import (
	"fmt"
	"math/rand/v2"
)

// The size of the town, and the seed of all that is left to chance.
const (
	seed              = 20261121
	organizationCount = 200
	projectCount      = 1001
	peopleCount       = 10_000
	keyCount          = 100_000
	day               = 24 * 60 * 60 * 1_000_000 // microseconds
)

// Places of the three people.
const (
	homeOfFew       = 0
	projectOfFew    = 1000 // in that organization; small
	homeOfMiddling  = 1
	ownedByMiddling = 2
	homeOfMany      = 3
	ownedByMany     = 44  // so many organizations,
	firstOwned      = 100 // from this one on
	crowd           = 400 // collaborators of the one key that everybody uses
)

// plan is who has what in the town.
type plan struct {
	random              *rand.Rand
	few, middling, many string
	staff               [organizationCount][]string // ordinary members
	organizationMembers []member
	projectMembers      []member
	keys                []key
	collaborators       []member
	crowded             string // id of the key with a crowd; few is an admin of it
}

// member is somebody's place in an organization, in a project or on a key.
type member struct{ place, user, role string }

type key struct {
	project, owner, kind, name, description, tag string
	created, used                                int64
}

func newPlan(few, middling, many string) *plan {
	p := &plan{random: rand.New(rand.NewPCG(seed, 0)), few: few, middling: middling, many: many}
	p.joinOrganizations()
	p.joinProjects()
	for i := range keyCount {
		k := p.newKey(i)
		p.keys = append(p.keys, k)
		if k.kind == "PROJECT" {
			p.shareKey(i)
		}
	}
	return p
}

func (p *plan) joinOrganizations() {
	for i := range peopleCount {
		p.join(i%organizationCount, i)
		if other := p.random.IntN(2 * organizationCount); other < organizationCount && other != i%organizationCount {
			p.join(other, i)
		}
	}
	p.seat(homeOfFew, p.few, "READER")
	p.seat(homeOfMiddling, p.middling, "READER")
	p.seat(ownedByMiddling, p.middling, "OWNER")
	p.seat(homeOfMany, p.many, "READER")
	for i := range ownedByMany {
		p.seat(firstOwned+i, p.many, "OWNER")
	}
}

// join puts an ordinary person into an organization; its first two own it.
func (p *plan) join(organization, person int) {
	role := "READER"
	if len(p.staff[organization]) < 2 {
		role = "OWNER"
	}
	p.staff[organization] = append(p.staff[organization], userID(person))
	p.seat(organization, userID(person), role)
}

func (p *plan) seat(organization int, user, role string) {
	p.organizationMembers = append(p.organizationMembers, member{organizationID(organization), user, role})
}

func (p *plan) joinProjects() {
	for i := range projectCount {
		staff := p.staff[i%organizationCount]
		for n, at := range p.random.Perm(len(staff))[:10] {
			p.projectMembers = append(p.projectMembers, member{projectID(i), staff[at], pick(n < 2, "OWNER", "MEMBER")})
		}
	}
	p.projectMembers = append(p.projectMembers,
		member{projectID(projectOfFew), p.few, "MEMBER"},
		member{projectID(homeOfMiddling), p.middling, "OWNER"},
		member{projectID(homeOfMiddling + organizationCount), p.middling, "MEMBER"},
	)
}

// newKey makes a key in a project of chance, owned by somebody of its organization; one in fifty by somebody who left.
func (p *plan) newKey(i int) key {
	project := p.random.IntN(projectCount - 1)
	staff := p.staff[project%organizationCount]
	owner, kind := staff[p.random.IntN(len(staff))], pick(p.random.IntN(5) == 0, "PERSONAL", "PROJECT")
	if p.random.IntN(50) == 0 {
		owner = userID(p.random.IntN(peopleCount))
	}
	if p.collaboratorOf(i) != "" {
		kind = "PROJECT"
	}
	switch { // the keys of the three
	case i%5000 == 0:
		project, owner = homeOfFew+organizationCount*p.random.IntN(5), p.few
	case i%1000 == 1:
		project, owner = homeOfMiddling+organizationCount*p.random.IntN(5), p.middling
	case i%1000 == 2:
		project, owner = homeOfMany+organizationCount*p.random.IntN(5), p.many
	case i%10_000 == 3:
		project, kind = projectOfFew, "PROJECT"
	}
	k := key{
		project: projectID(project), owner: owner, kind: kind, tag: p.word(),
		name:        fmt.Sprintf("%s %s %d", p.word(), p.word(), p.random.IntN(1000)),
		description: "Used by the service that looks after the accounts of one region",
		created:     int64(i)*day/100 + p.random.Int64N(day), // a little out of the order of the ids
	}
	if p.random.IntN(3) > 0 {
		k.used = k.created + p.random.Int64N(1000*day)
	}
	return k
}

// collaboratorOf is which of the three a key is shared with by plan.
func (p *plan) collaboratorOf(i int) string {
	switch {
	case i%5000 == 10:
		return p.few
	case i%333 == 11:
		return p.middling
	case i%333 == 12:
		return p.many
	}
	return ""
}

func (p *plan) shareKey(i int) {
	crowding, guests := false, p.random.IntN(8)
	if special := p.collaboratorOf(i); special != "" {
		crowding = special == p.few && p.crowded == ""
		p.collaborators = append(p.collaborators, member{keyID(i), special, pick(crowding, "ADMIN", "CONTRIBUTOR")})
	}
	if crowding {
		p.crowded, guests = keyID(i), crowd
	}
	seen := map[int]bool{}
	for range guests {
		who := p.random.IntN(peopleCount)
		if seen[who] {
			continue
		}
		seen[who] = true
		p.collaborators = append(p.collaborators, member{keyID(i), userID(who), pick(p.random.IntN(4) == 0, "ADMIN", "CONTRIBUTOR")})
	}
}

// word is one of ten, so that a text that is one of them finds about a fifth of all names.
func (p *plan) word() string {
	words := []string{"ledger", "billing", "search", "mail", "report", "import", "export", "mobile", "partner", "nightly"}
	return words[p.random.IntN(len(words))]
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

func id(prefix string, n int) string { return fmt.Sprintf("%s_%026d", prefix, n) }
func organizationID(n int) string    { return id("org", n) }
func projectID(n int) string         { return id("prj", n) }
func userID(n int) string            { return id("usr", n) }
func keyID(n int) string             { return id("key", n) }
