package allow

import (
	"errors"
	"net/netip"
	"strings"
)

// Network is a range of addresses; one address is a range of its own.
type Network struct{ prefix netip.Prefix }

// ParseNetwork reads an address or a CIDR. An IPv4 address that is written as an IPv6 one is that IPv4 address, and what
// stands behind the length of a network is cleared.
func ParseNetwork(text string) (Network, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Network{}, errEmpty()
	}
	p, err := prefixOf(text)
	if err != nil {
		return Network{}, errors.New("write an address or a network: 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32")
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return Network{}, errors.New("write a network of IPv4 addresses as such: 203.0.113.0/24")
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return Network{p.Masked()}, nil
}

func prefixOf(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		return netip.ParsePrefix(text) // refuses zones
	}
	a, err := netip.ParseAddr(text)
	if err == nil && a.Zone() != "" {
		err = errors.New("a zone means something on one machine only")
	}
	return netip.PrefixFrom(a, a.BitLen()), err
}

// String is the CIDR of the network, also of a single address.
func (n Network) String() string { return n.prefix.String() }

// Matches tells whether an address is in the network.
func (n Network) Matches(a netip.Addr) bool { return n.prefix.Contains(a.Unmap().WithZone("")) }
