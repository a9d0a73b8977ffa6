package allow_test

import (
	"net/netip"
	"testing"

	"github.com/keyhall/keyhall/internal/allow"
)

// Parsing never panics; the normal form is one, parses to itself, and matches what the original matches.
func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{
		"https://*.example.com", "app.example.com:443", "http://[::ffff:1.2.3.4]:80", "*.evil.com.", "https://xn--bcher-kva.example/", "null", "http://127.1", "ws://a:80", "a://b:1",
	} {
		f.Add(seed, "https://app.example.com")
		f.Add("*.example.com", seed)
	}
	f.Fuzz(func(t *testing.T, entry, header string) {
		o, err := allow.ParseOrigin(entry)
		if err != nil {
			if o != (allow.Origin{}) {
				t.Fatalf("a refused entry gives %q", o)
			}
			return
		}
		again, err := allow.ParseOrigin(o.String())
		if err != nil || again != o {
			t.Fatalf("%q is %q, and that is %q, %v", entry, o, again, err)
		}
		if o.Matches(header) != again.Matches(header) {
			t.Fatalf("%q and its normal form differ on %q", entry, header)
		}
		if h, err := allow.ParseOrigin(header); err == nil && o.Matches(header) != o.Matches(h.String()) {
			t.Fatalf("%q differs on %q and its normal form", entry, header)
		}
		one := allow.Lists{Origins: []allow.Origin{o}}
		if o.Matches(header) != (one.RefusedBy(allow.Request{Origin: header}) == allow.None) {
			t.Fatalf("%q alone and in a list differ on %q", entry, header)
		}
	})
}

// The same of networks; and what is in one is in it however the address is written.
func FuzzNetwork(f *testing.F) {
	for _, seed := range []string{"10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "2001:db8::/32", "fe80::1%eth0", "010.0.0.1", "0.0.0.0/0", "::/95"} {
		f.Add(seed, "10.0.0.1")
		f.Add("10.0.0.0/8", seed)
	}
	f.Fuzz(func(t *testing.T, entry, address string) {
		n, err := allow.ParseNetwork(entry)
		if err != nil {
			if n != (allow.Network{}) {
				t.Fatalf("a refused entry gives %q", n)
			}
			return
		}
		again, err := allow.ParseNetwork(n.String())
		if err != nil || again != n {
			t.Fatalf("%q is %q, and that is %q, %v", entry, n, again, err)
		}
		a, err := netip.ParseAddr(address)
		if err != nil {
			return
		}
		if n.Matches(a) != again.Matches(a) || n.Matches(a) != n.Matches(a.Unmap()) || a.Is4() && n.Matches(a) != n.Matches(netip.AddrFrom16(a.As16())) {
			t.Fatalf("%q: the ways to write %q differ", entry, a)
		}
		if single, err := allow.ParseNetwork(a.WithZone("").String()); err != nil || !single.Matches(a) {
			t.Fatalf("%q is not in itself: %v", a, err)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add("Mozilla/5.0", "Mozilla/5.0 (X11)")
	f.Add(" \u202e", "")
	f.Fuzz(func(t *testing.T, entry, header string) {
		a, err := allow.ParseAgent(entry)
		if err != nil {
			return
		}
		if again, err := allow.ParseAgent(a.String()); err != nil || again != a || a == "" || !a.Matches(header+a.String()+header) {
			t.Fatalf("%q is %q, and that is %q, %v", entry, a, again, err)
		}
	})
}
