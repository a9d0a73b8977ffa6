package allow_test

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/allow"
)

// Parsing never panics; the normal form is one, parses to itself, and matches what the original matches.
func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{
		"https://*.example.com", "app.example.com:443", "http://[::ffff:1.2.3.4]:80", "*.evil.com.", "https://xn--bcher-kva.example/", "null", "http://127.1", "ws://a:80", "a://b:1",
		"https://app.example.com.", "https://app.example.com..", "app.example.com.:443", "*.example.com.:8443", "https://*.*.example.com", "https://*", "*.com",
		"https://app.*.com", "https://app.example.com:0443", "https://app.example.com:65536", "http://[fe80::1%eth0]", "http://[fe80::1%25eth0]:80",
		"http://[::ffff:10.0.0.1]", "http://10.0.0.1.", "https://app.example.com:443/", "http://app.example.com:443", "https://EXAMPLE.com:8443",
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
		if _, err := allow.ParseOrigin(header); err == nil && o.Matches(header) != byURL(entry, header) {
			t.Fatalf("%q matches %q: %v, and by net/url %v", entry, header, o.Matches(header), byURL(entry, header))
		}
		one := allow.Lists{Origins: []allow.Origin{o}}
		if o.Matches(header) != (one.RefusedBy(allow.Request{Origin: header}) == allow.None) {
			t.Fatalf("%q alone and in a list differ on %q", entry, header)
		}
	})
}

// byURL is the same question, answered with net/url: the host, the port that is meant, and the scheme where one is named.
func byURL(entry, header string) bool {
	e, entryScheme := readURL(entry)
	h, headerScheme := readURL(header)
	if e == nil || h == nil || headerScheme == "" || entryScheme != "" && entryScheme != headerScheme || strings.HasPrefix(h.Hostname(), "*.") {
		return false
	}
	port := func(u *url.URL) string {
		if usual := map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443"}[headerScheme]; u.Port() == "" {
			return usual
		}
		return u.Port()
	}
	name := func(u *url.URL) string { return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".") }
	if domain, wild := strings.CutPrefix(name(e), "*."); wild {
		return port(e) == port(h) && strings.HasSuffix(name(h), "."+domain)
	}
	if a, b := net.ParseIP(name(e)), net.ParseIP(name(h)); a != nil && b != nil {
		return port(e) == port(h) && a.Equal(b) && strings.Contains(name(e), ":") == strings.Contains(name(h), ":")
	}
	return port(e) == port(h) && name(e) == name(h)
}

func readURL(text string) (u *url.URL, scheme string) {
	text = strings.TrimSuffix(strings.TrimSpace(text), "/")
	scheme, _, named := strings.Cut(text, "://")
	if !named {
		scheme, text = "", "any://"+text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, ""
	}
	return u, strings.ToLower(scheme)
}

// The same of networks; and what is in one is in it however the address is written.
func FuzzNetwork(f *testing.F) {
	for _, seed := range []string{"10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "2001:db8::/32", "fe80::1%eth0", "010.0.0.1", "0.0.0.0/0", "::/95",
		"::ffff:10.0.0.1/128", "::ffff:0:0/96", "::ffff:0:0/95", "10.0.0.1:443", "[::1]:443", "[::1]", "10.0.0.1.", "10.0.0.*", "10.*", "fe80::1%eth0/64", "fe80::/10",
		"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0", "::ffff:10.0.0.1%eth0", "::10.0.0.1", "0:0:0:0:0:ffff:a00:1"} {
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
		if want, ok := byNet(entry, address); ok && n.Matches(a) != want {
			t.Fatalf("%q is in %q: %v, and by net %v", address, entry, n.Matches(a), want)
		}
		if single, err := allow.ParseNetwork(a.WithZone("").String()); err != nil || !single.Matches(a) {
			t.Fatalf("%q is not in itself: %v", a, err)
		}
	})
}

// byNet is the same question, answered with package net.
func byNet(entry, address string) (in, ok bool) {
	entry = strings.TrimSpace(entry)
	bare, _, _ := strings.Cut(address, "%")
	ip := net.ParseIP(bare)
	if !strings.Contains(entry, "/") {
		one := net.ParseIP(entry)
		return one.Equal(ip), ip != nil && one != nil
	}
	_, network, err := net.ParseCIDR(entry)
	return err == nil && network.Contains(ip), ip != nil && err == nil
}

// What no list can say is refused: a part of a network by a star, a port of an address, a zone, a name of no domain.
func TestWhatWouldBeReadInTwoWaysIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"10.0.0.1:443", "[::1]:443", "[::1]", "10.0.0.1.", "10.0.0.*", "10.*", "fe80::1%eth0", "fe80::1%eth0/64", "::ffff:10.0.0.1%eth0", "010.0.0.1", "10.0.0.0/08", "10.0.0", "::ffff:0:0/95"} {
		if n, err := allow.ParseNetwork(text); err == nil {
			t.Errorf("the network %q is %q", text, n)
		}
	}
	for _, text := range []string{"https://app.example.com..", "https://*.*.example.com", "https://*", "*.com", "https://app.*.com", "https://app.example.com:0443", "https://app.example.com:65536", "http://[fe80::1%eth0]", "http://[fe80::1%25eth0]:80"} {
		if o, err := allow.ParseOrigin(text); err == nil {
			t.Errorf("the origin %q is %q", text, o)
		}
	}
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
