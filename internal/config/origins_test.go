package config_test

import (
	"slices"
	"strings"
	"testing"
)

// Only exact origins that are safe to trust are let in, and they are kept as browsers write them.
func TestOnlyExactOriginsMayUseTheAPIFromElsewhere(t *testing.T) {
	for text, want := range map[string]string{
		"https://app.example.com": "https://app.example.com", "HTTPS://App.Example.com/": "https://app.example.com", " https://app.example.com ": "https://app.example.com",
		"https://app.example.com:443": "https://app.example.com", "https://app.example.com:8443": "https://app.example.com:8443",
		"http://localhost:5173": "http://localhost:5173", "http://127.0.0.1:80": "http://127.0.0.1", "http://[::1]:5173": "http://[::1]:5173",
		"https://xn--bcher-kva.example": "https://xn--bcher-kva.example",
		"*":                             "", "https://*": "", "https://*.example.com": "", "https://app.example.com:*": "", "null": "", "": "", "app.example.com": "",
		"//app.example.com": "", "https://": "", "https://:443": "", "https://app.example.com:": "", "https://app.example.com/spa": "",
		"https://app.example.com?x": "", "https://app.example.com#x": "", "https://me@app.example.com": "", "https://a.example.com b.example.com": "",
		"http://app.example.com": "", "ftp://localhost": "", "file:///": "", "chrome-extension://abcdef": "", "https://b\u00fccher.example": "",
		"https://app.example.com,https://b.example.com": "",
		"https://keys.example.com":                      "", "https://KEYS.example.com:443/": "", // Keyhall's own
	} {
		c := valid()
		c.PublicURL, c.CORSOrigins = "https://keys.example.com", []string{text}
		err := c.Validate()
		if (err == nil) != (want != "") {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && !strings.Contains(err.Error(), "KEYHALL_CORS_ORIGINS") {
			t.Errorf("%q: %v does not name the setting", text, err)
		}
		if want != "" && !slices.Equal(c.Origins(), []string{want}) {
			t.Errorf("%q: kept as %q, want %q", text, c.Origins(), want)
		}
	}
	c, err := parse(t, nil, "--cors-origins", "https://a.example.com,http://localhost:5173")
	if err != nil || !slices.Equal(c.Origins(), []string{"https://a.example.com", "http://localhost:5173"}) {
		t.Errorf("%v %v", c.Origins(), err)
	}
}
