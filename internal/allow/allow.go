// Package allow is what a request with a key may look like: lists of origins, user agents, methods and addresses. It
// brings what people write into a normal form, and says whether a request matches. An empty list passes everything;
// every list must pass, and within a list one entry is enough.
//
// It trusts no header: an origin is what a browser says of itself and anything else can say too. It never resolves a
// name, and its errors never repeat a value.
package allow

import "net/netip"

// MaxEntries is how long each list may be.
const MaxEntries = 30

// maxLength of an entry, in bytes.
const maxLength = 255

// List names one of the lists; its values are the names of the fields in GraphQL.
type List string

// The lists, in the order in which a request is held against them. None is the one that refuses when nothing does.
const (
	None       List = ""
	Origins    List = "origins"
	UserAgents List = "userAgents"
	Methods    List = "methods"
	Addresses  List = "addresses"
)

// Lists are the four lists of a key, in their normal form.
type Lists struct {
	Origins    []Origin
	UserAgents []Agent
	Methods    []Method
	Addresses  []Network
}

// Request is what is known of a request. A zero Address is in no network.
type Request struct {
	Origin    string
	UserAgent string
	Method    string
	Address   netip.Addr
}

// RefusedBy is the first list that does not let the request pass; None when all do.
func (l Lists) RefusedBy(r Request) List {
	origin, _ := ParseOrigin(r.Origin) // what is none has no scheme, and is in no list
	switch {
	case !passes(l.Origins, func(o Origin) bool { return o.admits(origin) }):
		return Origins
	case !passes(l.UserAgents, func(a Agent) bool { return a.Matches(r.UserAgent) }):
		return UserAgents
	case !passes(l.Methods, func(m Method) bool { return m.Matches(r.Method) }):
		return Methods
	case !passes(l.Addresses, func(n Network) bool { return n.Matches(r.Address) }):
		return Addresses
	}
	return None
}

func passes[E any](entries []E, matches func(E) bool) bool {
	for _, e := range entries {
		if matches(e) {
			return true
		}
	}
	return len(entries) == 0
}
