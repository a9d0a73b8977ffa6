//keyhall:norace
package webhook

import (
	"net/netip"
	"testing"
	"time"
)

// security.md: what a server is told to call is no way into the network that it stands in.
func TestNothingPrivateIsCalled(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"127.0.0.1", "127.1.2.3", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "fe80::1", "fc00::1", "fd12::1", "0.0.0.0", "::",
		"::ffff:10.0.0.1", "::ffff:127.0.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "ff02::1", "64:ff9b::a00:1", "2002:a00:1::1", "240.0.0.1", "198.18.0.1",
	} {
		if (Config{}).allows(netip.MustParseAddr(text)) {
			t.Errorf("%s is called", text)
		}
	}
	for _, text := range []string{"93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14", "8.8.8.8"} {
		if !(Config{}).allows(netip.MustParseAddr(text)) {
			t.Errorf("%s is not called", text)
		}
	}
	for text, want := range map[string]bool{"127.0.0.1": true, "::1": true, "10.0.0.1": false, "169.254.169.254": false} {
		if got := (Config{Loopback: true}).allows(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s with this machine allowed: %v", text, got)
		}
	}
}

// The worked example that the documentation of webhookSecret allows anybody to compute: HMAC-SHA-256 of "1700000000.{}" under "key".
func TestASignatureIsOverTimeAndBody(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 0)
	one := Sign("key", at, "{}")
	if one != "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae" {
		t.Errorf("signed %s", one)
	}
	for name, other := range map[string]string{"another time": Sign("key", at.Add(time.Second), "{}"), "another body": Sign("key", at, "{ }"), "another secret": Sign("kez", at, "{}")} {
		if other[len(other)-64:] == one[len(one)-64:] {
			t.Errorf("%s, and the same signature", name)
		}
	}
}
