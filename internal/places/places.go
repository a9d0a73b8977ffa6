// Package places finds things that lie side by side in a slice, by a sum of what they are. It touches little memory (eight bytes and
// the thing that is found) where a map of a million things waits for memory several times. It never holds a thing, never looks at
// one, and is not safe for use by several goroutines.
package places

// Index is where things are. The zero value is empty.
type Index struct {
	slots []slot // a power of two of them, two thirds in use at most; what collides is in the next that was free
	used  int
}

// slot is one place; the zero value is free.
type slot struct{ sum, next uint32 } // next: the place after it, so that 0 is none

// Find returns the place of the thing of this sum that is the one.
func (x *Index) Find(sum uint32, is func(place uint32) bool) (place uint32, ok bool) {
	if len(x.slots) == 0 {
		return 0, false
	}
	for at := x.home(sum); x.slots[at].next != 0; at = x.after(at) {
		if s := x.slots[at]; s.sum == sum && is(s.next-1) {
			return s.next - 1, true
		}
	}
	return 0, false
}

// Add says where a thing is that was nowhere.
func (x *Index) Add(sum, place uint32) {
	if 3*x.used >= 2*len(x.slots) {
		x.grow()
	}
	x.put(slot{sum, place + 1})
	x.used++
}

// Remove says that a thing is there no longer.
func (x *Index) Remove(sum, place uint32) {
	if len(x.slots) == 0 {
		return
	}
	free := x.home(sum)
	for ; x.slots[free] != (slot{sum, place + 1}); free = x.after(free) {
		if x.slots[free].next == 0 {
			return
		}
	}
	x.used--
	for at := x.after(free); x.slots[at].next != 0; at = x.after(at) { // what would not be found behind a free slot moves into it
		if home := x.home(x.slots[at].sum); x.distance(home, at) >= x.distance(free, at) {
			x.slots[free], free = x.slots[at], at
		}
	}
	x.slots[free] = slot{}
}

// Reserve makes room for so many.
func (x *Index) Reserve(n int) {
	for 3*n >= 2*len(x.slots) {
		x.grow()
	}
}

func (x *Index) grow() {
	old := x.slots
	x.slots = make([]slot, max(8, 2*len(old)))
	for _, s := range old {
		if s.next != 0 {
			x.put(s)
		}
	}
}

func (x *Index) put(s slot) {
	at := x.home(s.sum)
	for x.slots[at].next != 0 {
		at = x.after(at)
	}
	x.slots[at] = s
}

func (x *Index) home(sum uint32) uint32          { return sum & uint32(len(x.slots)-1) }
func (x *Index) after(at uint32) uint32          { return x.home(at + 1) }
func (x *Index) distance(from, to uint32) uint32 { return x.home(to - from) }
