package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

func checkProxies(proxies []string) error {
	var all error
	for _, text := range proxies {
		network, err := parseNetwork(text)
		if err != nil {
			all = errors.Join(all, fmt.Errorf("KEYHALL_TRUSTED_PROXIES %q: write addresses or networks, as in 10.0.0.5,fd00::/64", text))
		} else if network.Bits() == 0 {
			all = errors.Join(all, fmt.Errorf("KEYHALL_TRUSTED_PROXIES %q trusts everybody, so anybody could forge an address: name the proxies", text))
		}
	}
	return all
}

// parseNetwork reads 10.0.0.0/8 and 10.0.0.5 alike; ::ffff:10.0.0.5 is the
// same address as 10.0.0.5.
func parseNetwork(text string) (netip.Prefix, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "/") {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return netip.Prefix{}, errors.New("not an address")
		}
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil || network.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("not a network")
	}
	return network.Masked(), nil
}
