// Package city is a big world for measurements: so many secrets, people, groups and grants, and in it three people of
// whom it is known how many secrets they see. All of it follows from its size and one seed. It is written past the law, as
// rows, and knows the law only as SQL that somebody wrote by hand; nothing but benches and their tests uses it.
package city

import "fmt"

const (
	seed        = 20261121
	planVersion = 1                        // grows when the plan changes: what is kept is then loaded again
	day         = 24 * 60 * 60 * 1_000_000 // microseconds
	far         = 4_102_444_800_000_000    // the year 2100: what expires then has not expired
	past        = 1_600_000_000_000_000    // and this has
	born        = 1_700_000_000_000_000    // when the first secret was added
)

// Size is how much there is of everything.
type Size struct {
	Organizations, People, Groups, Secrets, Grants int
	Sees                                           [3]int // how many secrets each of the three sees
}

// Large is the size that lists of secrets are promised to be quick at.
func Large() Size { return sized(100_000) }

// Huge is Large with ten times the secrets and the grants, and the same three people, who see as many as there.
func Huge() Size { return sized(1_000_000) }

// Small is for a test: everything occurs in it.
func Small() Size {
	return Size{Organizations: 10, People: 200, Groups: 60, Secrets: 2000, Grants: 6000, Sees: [3]int{50, 150, 500}}
}

func sized(secrets int) Size {
	return Size{
		Organizations: 200, People: 10_000, Groups: 1_000, Secrets: secrets, Grants: 3 * secrets,
		Sees: [3]int{50, 1_000, 20_000},
	}
}

// Person is one of the three.
type Person struct {
	Name, ID string
	Sees     int
}

// Folk are the three people.
func (s Size) Folk() []Person {
	names := []string{"few", "middling", "many"}
	out := make([]Person, len(names))
	for i, name := range names {
		out[i] = Person{Name: name, ID: userID(s.People + i), Sees: s.Sees[i]}
	}
	return out
}

func id(prefix string, n int) string { return fmt.Sprintf("%s_%026d", prefix, n) }
func organizationID(n int) string    { return id("org", n) }
func userID(n int) string            { return id("usr", n) }
func groupID(n int) string           { return id("grp", n) }

// SecretID is the id of a secret by its number.
func SecretID(n int) string { return id("sec", n) }
