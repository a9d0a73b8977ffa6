//keyhall:norace
package allow_test

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/allow"
)

// What people write, and its normal form; refused without one. product.md 5.4, security.md T25.
func TestOriginsHaveOneNormalForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://app.example.com":        "https://app.example.com",
		"HTTPS://App.Example.COM":        "https://app.example.com",
		"https://app.example.com/":       "https://app.example.com",
		"https://app.example.com.":       "https://app.example.com",
		"https://app.example.com:443":    "https://app.example.com",
		"http://app.example.com:80":      "http://app.example.com",
		"http://app.example.com:443":     "http://app.example.com:443",
		"https://app.example.com:8443":   "https://app.example.com:8443",
		"  app.example.com ":             "app.example.com",
		"app.example.com:443":            "app.example.com:443",
		"https://*.example.com":          "https://*.example.com",
		"*.Example.com.":                 "*.example.com",
		"*.example.com:8443":             "*.example.com:8443",
		"*.localhost":                    "*.localhost",
		"http://localhost:3000":          "http://localhost:3000",
		"https://xn--bcher-kva.example":  "https://xn--bcher-kva.example",
		"https://XN--BCHER-KVA.example":  "https://xn--bcher-kva.example",
		"http://127.0.0.1:3000":          "http://127.0.0.1:3000",
		"http://[::1]:3000":              "http://[::1]:3000",
		"http://[0:0:0:0:0:0:0:1]":       "http://[::1]",
		"http://[2001:DB8::1]:80":        "http://[2001:db8::1]",
		"capacitor://localhost":          "capacitor://localhost",
		"chrome-extension://abcdefghijk": "chrome-extension://abcdefghijk",
		"https://my_app.example.com":     "https://my_app.example.com",

		"": "", "   ": "", "*": "", "https://": "", "https://*": "", "https:///": "", "://example.com": "", "null": "", "https://null": "",
		"*.com": "", "https://*.": "", "https://a.*.example.com": "", "https://*app.example.com": "", "*.*.example.com": "",
		"https://app.example.com/path": "", "https://app.example.com?x": "", "https://app.example.com#x": "", "https://app.example.com//": "",
		"https://user@app.example.com": "", "https://user:pw@app.example.com": "", "https://app.example.com:": "", "https://app.example.com:0": "",
		"https://app.example.com:65536": "", "https://app.example.com:+80": "", "https://app.example.com:080": "", "https://app.example.com:8443:1": "",
		"https://app..example.com": "", "https://.example.com": "", "https://app.example.com..": "", "https://-app.example.com": "", "https://app-.example.com": "",
		"https://bücher.example": "", "https://app example.com": "", "https://app.example.com\x00": "", "https://аpp.example.com": "",
		"https://" + strings.Repeat("a", 64) + ".com": "", "https://" + strings.Repeat("a.", 127) + "com": "", "1https://example.com": "", "ht tp://example.com": "",
		"http://127.1": "", "http://127.0.0.01": "", "http://0x7f.0.0.1": "", "http://2130706433": "", "http://256.0.0.1": "", "http://*.127.0.0.1": "",
		"http://::1": "", "http://[::1": "", "http://::1]": "", "http://[::1%eth0]": "", "http://[127.0.0.1]": "", "http://[::1]x": "", "https://*.[::1]": "",
	} {
		o, err := allow.ParseOrigin(text)
		if got := o.String(); (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestNoErrorRepeatsWhatWasWritten(t *testing.T) {
	t.Parallel()
	const canary = "hunter2c4n4ry"
	for _, text := range []string{"https://" + canary + "/path", canary + ":port", canary + "%", "https://x:" + canary + "@y", canary + "\x00", strings.Repeat(canary, 30)} {
		_, origin := allow.ParseOrigin(text)
		_, network := allow.ParseNetwork(text)
		_, agent := allow.ParseAgent(text + "\x00")
		for _, err := range []error{origin, network, agent} {
			if err == nil || strings.Contains(err.Error(), canary) {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}

func TestAnOriginMatchesWhatItNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		entry, header string
		want          bool
	}{
		{"https://app.example.com", "https://app.example.com", true},
		{"https://app.example.com", "https://APP.example.com", true},
		{"https://app.example.com", "https://app.example.com.", true},
		{"https://app.example.com", "https://app.example.com:443", true},
		{"https://app.example.com", "http://app.example.com", false}, // the scheme must match when it is given
		{"https://app.example.com", "https://app.example.com:8443", false},
		{"https://app.example.com", "https://app.example.com.evil.test", false},
		{"https://app.example.com", "https://evilapp.example.com", false},
		{"https://app.example.com", "https://example.com", false},
		{"https://app.example.com", "https://a.app.example.com", false},
		{"app.example.com", "https://app.example.com", true}, // the scheme is optional
		{"app.example.com", "http://app.example.com", true},
		{"app.example.com", "http://app.example.com:443", false},
		{"app.example.com", "capacitor://app.example.com", true},
		{"app.example.com:443", "https://app.example.com", true},
		{"app.example.com:443", "http://app.example.com", false},
		{"app.example.com:443", "http://app.example.com:443", true},
		{"app.example.com:8443", "https://app.example.com:8443", true},
		{"app.example.com:8443", "https://app.example.com", false},
		{"https://*.example.com", "https://app.example.com", true},
		{"https://*.example.com", "https://a.b.example.com", true},
		{"https://*.example.com", "https://example.com", false}, // itself is no subdomain
		{"*.example.com", "https://example.com", false},
		{"*.example.com", "https://app.example.com.", true},
		{"*.example.com", "https://appexample.com", false},
		{"*.example.com", "https://evil.test/.example.com", false},
		{"*.evil.com.", "https://a.evil.com", true},
		{"https://*.example.com", "http://app.example.com", false},
		{"https://*.example.com", "https://app.example.com:8443", false},
		{"*.example.com", "https://*.example.com", false}, // a header names one origin
		{"https://*.example.com", "https://.example.com", false},
		{"https://xn--bcher-kva.example", "https://xn--bcher-kva.example", true},
		{"http://[::1]:3000", "http://[0::1]:3000", true},
		{"http://127.0.0.1", "http://127.0.0.1", true},
		{"app.example.com", "app.example.com", false}, // no browser leaves the scheme out
		{"app.example.com", "null", false},
		{"app.example.com", "", false},
		{"app.example.com", "https://user@app.example.com", false},
		{"app.example.com", "https://app.example.com https://evil.test", false},
	} {
		o, err := allow.ParseOrigin(c.entry)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Matches(c.header); got != c.want {
			t.Errorf("%q of %q is %v", c.entry, c.header, got)
		}
	}
}

func TestNetworksHaveOneNormalForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10.0.0.1": "10.0.0.1/32", " 10.0.0.1/32 ": "10.0.0.1/32", "::ffff:10.0.0.1": "10.0.0.1/32", "::FFFF:10.0.0.1": "10.0.0.1/32", "::ffff:a00:1/128": "10.0.0.1/32",
		"::ffff:10.0.0.0/104": "10.0.0.0/8", "10.1.2.3/8": "10.0.0.0/8", "0.0.0.0/0": "0.0.0.0/0", "2001:DB8::1": "2001:db8::1/128", "2001:db8:ffff::/32": "2001:db8::/32", "::/0": "::/0", "::1": "::1/128",

		"": "", " ": "", "10.0.0.01": "", "010.0.0.1": "", "10.0.0": "", "10.0.0.1/33": "", "10.0.0.1/": "", "10.0.0.1/08": "", "10.0.0.1/-1": "", "10.0.0.1/+8": "", "2001:db8::/129": "",
		"fe80::1%eth0": "", "fe80::1%eth0/64": "", "fe80::/10%eth0": "", "::ffff:10.0.0.1%1": "", "::ffff:0:0/95": "", "0x0a000001": "", "167772161": "", "10.0.0.1:80": "", "[::1]": "",
		"example.com": "", "10.0.0.0-10.0.0.9": "", "10.0.0.*": "", "10.0.0.1/255.0.0.0": "",
	} {
		n, err := allow.ParseNetwork(text)
		if (err == nil) != (want != "") || err == nil && n.String() != want {
			t.Errorf("%q is %q, %v; want %q", text, n, err, want)
		}
	}
}

func TestAnAddressIsInItsNetworks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		network, address string
		want             bool
	}{
		{"10.0.0.1", "10.0.0.1", true}, {"10.0.0.1", "::ffff:10.0.0.1", true}, {"::ffff:10.0.0.1", "10.0.0.1", true}, {"10.0.0.1", "10.0.0.2", false},
		{"10.0.0.0/8", "10.255.255.255", true}, {"10.0.0.0/8", "11.0.0.0", false}, {"10.1.2.3/8", "10.9.9.9", true},
		{"2001:db8::/32", "2001:db8:1::1", true}, {"2001:db8::/32", "2001:db9::1", false}, {"::/0", "10.0.0.1", false}, {"0.0.0.0/0", "2001:db8::1", false},
		{"0.0.0.0/0", "::ffff:1.2.3.4", true}, {"fe80::/10", "fe80::1%eth0", true}, {"::1", "::1", true}, {"::1", "127.0.0.1", false},
	} {
		n, err := allow.ParseNetwork(c.network)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.Matches(netip.MustParseAddr(c.address)); got != c.want {
			t.Errorf("%s in %s is %v", c.address, c.network, got)
		}
	}
	everything, _ := allow.ParseNetwork("::/0")
	if everything.Matches(netip.Addr{}) {
		t.Error("no address is in a network")
	}
}

func TestAgentsMatchByPartAndMethodsByName(t *testing.T) {
	t.Parallel()
	agent, err := allow.ParseAgent("  Mozilla/5.0 ")
	if err != nil || !agent.Matches("Mozilla/5.0 (X11; Linux)") || agent.Matches("mozilla/5.0") || agent.Matches("") || agent.String() != "Mozilla/5.0" {
		t.Errorf("%q, %v", agent, err)
	}
	method, err := allow.ParseMethod("eth_call")
	if err != nil || !method.Matches("eth_call") || method.Matches("eth_callMany") || method.Matches("ETH_CALL") || method.Matches("") {
		t.Errorf("%q, %v", method, err)
	}
	if allow.Agent("").Matches("curl") || allow.Method("").Matches("") {
		t.Error("what was never parsed matches")
	}
	for _, bad := range []string{"", " \t", "a\x00b", "a\nb", "a\u202eb", "a\u200bb", "\xff", strings.Repeat("a", 256)} {
		if _, err := allow.ParseAgent(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// An empty list passes everything; all lists must pass, and one entry of a list is enough.
func TestListsAreAndedAndEntriesOred(t *testing.T) {
	t.Parallel()
	whole := allow.Request{Origin: "https://app.example.com", UserAgent: "curl/8.0", Method: "eth_call", Address: netip.MustParseAddr("10.0.0.1")}
	full := allow.Lists{
		Origins: parsed(t, allow.ParseOrigin, "https://other.example", "*.example.com"), UserAgents: parsed(t, allow.ParseAgent, "wget", "curl"),
		Methods: parsed(t, allow.ParseMethod, "eth_getLogs", "eth_call"), Addresses: parsed(t, allow.ParseNetwork, "192.0.2.0/24", "10.0.0.0/8"),
	}
	without := func(change func(*allow.Request)) allow.Request {
		r := whole
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		lists   allow.Lists
		request allow.Request
		want    allow.List
	}{
		"no lists":               {allow.Lists{}, allow.Request{}, allow.None},
		"all lists":              {full, whole, allow.None},
		"one empty list":         {allow.Lists{UserAgents: full.UserAgents}, without(func(r *allow.Request) { r.Origin = "null" }), allow.None},
		"another origin":         {full, without(func(r *allow.Request) { r.Origin = "https://evil.test" }), allow.Origins},
		"no origin":              {full, without(func(r *allow.Request) { r.Origin = "" }), allow.Origins},
		"another agent":          {full, without(func(r *allow.Request) { r.UserAgent = "python" }), allow.UserAgents},
		"another method":         {full, without(func(r *allow.Request) { r.Method = "eth_sign" }), allow.Methods},
		"another address":        {full, without(func(r *allow.Request) { r.Address = netip.MustParseAddr("11.0.0.1") }), allow.Addresses},
		"no address":             {full, without(func(r *allow.Request) { r.Address = netip.Addr{} }), allow.Addresses},
		"the first that refuses": {full, allow.Request{}, allow.Origins},
	} {
		if got := c.lists.RefusedBy(c.request); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAListHasThirtyEntriesAndFoldsDuplicates(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 30 {
		many = append(many, "10.0.0."+strconv.Itoa(i), "::ffff:10.0.0."+strconv.Itoa(i))
	}
	got, faults := allow.Parse(many, allow.ParseNetwork)
	if len(got) != 30 || faults != nil || allow.Strings(got)[29] != "10.0.0.29/32" {
		t.Errorf("%v, %v", got, faults)
	}
	got, faults = allow.Parse(append(many, "10.0.0.0", "10.0.1.0", "10.0.2.0"), allow.ParseNetwork)
	if got != nil || len(faults) != 1 || !faults[0].Full || faults[0].Index != 61 {
		t.Errorf("the 31st: %v, %+v", got, faults)
	}
	got, faults = allow.Parse([]string{"10.0.0.1", "nonsense", "10.0.0.2", ""}, allow.ParseNetwork)
	if got != nil || len(faults) != 2 || faults[0].Index != 1 || faults[1].Index != 3 || faults[0].Full {
		t.Errorf("two bad ones: %v, %+v", got, faults)
	}
	if _, faults = allow.Parse(slices.Repeat([]string{"x"}, 10_000), allow.ParseNetwork); len(faults) != allow.MaxEntries {
		t.Errorf("%d faults of 10,000", len(faults))
	}
}

func parsed[E comparable](t *testing.T, parse func(string) (E, error), entries ...string) []E {
	t.Helper()
	out, faults := allow.Parse(entries, parse)
	if faults != nil {
		t.Fatal(faults)
	}
	return out
}
