package city

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
)

// circles are how many groups each of the three is in that nobody else shares secrets with.
var circles = [3]int{2, 5, 20}

// way is how one of the three comes to a secret.
type way uint8

const (
	hidden way = iota
	owned
	direct
	grouped
	twice   // directly and through a group
	expired // a grant that was
)

// plan is who has what. Secrets and grants are made one after the other and never kept.
type plan struct {
	Size
	staff [][]int // the people of each organization, by number
	ways  []place // of each secret
}

type place struct {
	way way
	who uint8 // of the three
}

func newPlan(s Size) *plan {
	p := &plan{Size: s, staff: make([][]int, s.Organizations), ways: make([]place, s.Secrets)}
	for i := range s.People {
		p.staff[i%s.Organizations] = append(p.staff[i%s.Organizations], i)
	}
	order, next := p.chance(1).Perm(s.Secrets), 0
	for who, n := range s.Sees {
		for i := range n + n/10 {
			w := grouped
			switch {
			case i < n/10:
				w = owned
			case i < n*4/10:
				w = direct
			case i < n*5/10:
				w = twice
			case i >= n:
				w = expired
			}
			p.ways[order[next]] = place{w, uint8(who)}
			next++
		}
	}
	return p
}

// chance is a generator of its own for one kind of row, so that each kind can be made again alone.
func (p *plan) chance(kind uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, kind)) }

// ordinary is the number of groups that are not of the three; circle is one of those that are.
func (p *plan) ordinary() int { return p.Groups - circles[0] - circles[1] - circles[2] }

func (p *plan) circle(who, n int) int {
	first := p.ordinary()
	for _, c := range circles[:who] {
		first += c
	}
	return first + n%circles[who]
}

func (p *plan) organizations() iter.Seq[[]any] {
	return counted(p.Organizations, func(i int) []any {
		return []any{organizationID(i), born + i, fmt.Sprint("Organization ", i), fmt.Sprint("organization-", i), false}
	})
}

func (p *plan) users() iter.Seq[[]any] {
	return counted(p.People+len(p.Sees), func(i int) []any {
		name := fmt.Sprint("person", i)
		return []any{userID(i), born + i, name, name, name + "@city.test", true, organizationID(i % p.Organizations)}
	})
}

// organizationMembers puts each person into one organization; its first two own it. The three come last.
func (p *plan) organizationMembers() iter.Seq[[]any] {
	return counted(p.People+len(p.Sees), func(i int) []any {
		role := "READER"
		if i/p.Organizations < 2 {
			role = "OWNER"
		}
		return []any{id("orm", i), born + i, organizationID(p.home(i)), userID(i), role}
	})
}

func (p *plan) home(person int) int {
	if person >= p.People {
		return person - p.People
	}
	return person % p.Organizations
}

// groups are of all organizations; one in twenty is disabled.
func (p *plan) groups() iter.Seq[[]any] {
	return counted(p.Groups, func(i int) []any {
		status := "ENABLED"
		if i%20 == 1 && i < p.ordinary() {
			status = "DISABLED"
		}
		owner := p.staff[i%p.Organizations][0]
		return []any{groupID(i), born + i, organizationID(i % p.Organizations), userID(owner), fmt.Sprint("Group ", i), status}
	})
}

// groupMembers: twenty people a group; and the three, who are also in a group that is disabled and were in one more.
func (p *plan) groupMembers() iter.Seq[[]any] {
	r, n := p.chance(2), 0
	return func(yield func([]any) bool) {
		member := func(group, user int, expires int64) bool {
			n++
			return yield([]any{id("grm", n), born + n, groupID(group), userID(user), expires})
		}
		for g := range p.Groups {
			for _, at := range distinct(r, 20, p.People) {
				if !member(g, at, lifetime(r)) {
					return
				}
			}
		}
		for who := range p.Sees {
			for c := range circles[who] {
				if !member(p.circle(who, c), p.People+who, [2]int64{0, far}[c%2]) {
					return
				}
			}
			if !member(1, p.People+who, 0) || !member(2, p.People+who, past) {
				return
			}
		}
	}
}

// lifetime is mostly for ever; one row in ten will expire and one has.
func lifetime(r *rand.Rand) int64 {
	switch r.IntN(10) {
	case 0:
		return past
	case 1:
		return far
	}
	return 0
}

// distinct are n different numbers under limit.
func distinct(r *rand.Rand, n, limit int) []int {
	out := make([]int, 0, n)
	for len(out) < n {
		if at := r.IntN(limit); !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return out
}

func counted(n int, row func(int) []any) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for i := range n {
			if !yield(row(i)) {
				return
			}
		}
	}
}
