//keyhall:norace
package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/keyhall/keyhall/internal/config"
)

// parse reads a command line with nothing but these variables set.
func parse(t *testing.T, env map[string]string, args ...string) (config.Config, error) {
	t.Helper()
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "KEYHALL_") {
			t.Setenv(name, "") // restores it at the end
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	var c config.Config
	parser, err := kong.New(&c, kong.Exit(func(int) { t.Error("kong ends the process") }))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	return c, err
}

func TestNothingSetIsAWorkingInstallation(t *testing.T) {
	c, err := parse(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{Addr: "127.0.0.1:8080", DataDir: "./data", Log: "auto", Introspection: "on", ShareLinks: "off", ShareLinkHours: 168}
	if c.Addr != want.Addr || c.DataDir != want.DataDir || c.Log != want.Log || c.Introspection != want.Introspection ||
		c.ShareLinks != want.ShareLinks || c.ShareLinkHours != want.ShareLinkHours || c.LinkTime() != 0 ||
		c.Signup != "" || c.PublicURL != "" || c.PolicyDir != "" || len(c.TrustedProxies) != 0 || len(c.CORSOrigins) != 0 || c.Explorer != "" || !c.DatabaseURL.IsZero() || !c.SMTPURL.IsZero() || c.MailFrom != "" {
		t.Errorf("got %+v", c)
	}
	if got := c.Origin("127.0.0.1:8080"); got != "http://127.0.0.1:8080" {
		t.Errorf("origin %s", got)
	}
}

func TestAFlagGoesBeforeTheEnvironmentBeforeTheDefault(t *testing.T) {
	env := map[string]string{"KEYHALL_ADDR": "127.0.0.1:9001", "KEYHALL_LOG": "json", "KEYHALL_TRUSTED_PROXIES": "10.0.0.5,fd00::/64"}
	c, err := parse(t, env, "--addr", "127.0.0.1:9002", "--public-url=https://keys.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "127.0.0.1:9002" || c.Log != "json" || c.Origin("x") != "https://keys.example.com" {
		t.Errorf("got %+v", c)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.5/32"), netip.MustParsePrefix("fd00::/64")}
	if diff := cmp.Diff(want, c.Proxies(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestTheOriginIsWrittenAsBrowsersDo(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]string{
		"HTTPS://Keys.Example.com/": "https://keys.example.com", "https://keys.example.com:443": "https://keys.example.com",
		"http://localhost:80": "http://localhost", "https://keys.example.com:80": "https://keys.example.com:80",
		"http://[::1]:8080/": "http://[::1]:8080", "https://[fd00::443]": "https://[fd00::443]", "": "http://127.0.0.1:35001",
	} {
		if got := (config.Config{PublicURL: public}).Origin("127.0.0.1:35001"); got != want {
			t.Errorf("%s: %s, want %s", public, got, want)
		}
	}
}

func valid() config.Config {
	return config.Config{Addr: "127.0.0.1:8080", DataDir: "./data", Log: "auto", Introspection: "on", ShareLinks: "off", ShareLinkHours: 168}
}

func TestTheAddressOfPeopleIsHTTPSOrThisMachine(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"https://keys.example.com": true, "https://keys.example.com:8443": true, "https://keys.example.com/": true, "https://10.0.0.1": true,
		"http://localhost:8080": true, "http://127.0.0.1": true, "http://127.3.2.1:1": true, "http://[::1]:8080": true, "http://keyhall.localhost": true,
		"http://[::ffff:127.0.0.1]": true,
		"http://keys.example.com":   false, "http://10.0.0.1:8080": false, "http://0.0.0.0:8080": false, "http://localhost.example.com": false,
		"http://notlocalhost": false, "ftp://localhost": false, "keys.example.com": false, "https://": false, "https://:8080": false,
		"https://keys.example.com/keyhall": false, "https://user@keys.example.com": false, "https://keys.example.com?x": false,
		"https://keys.example.com#x": false, "https://keys.example.com/#": false, "http://127.0.0.1.example.com": false, "://": false,
	} {
		c := valid()
		c.PublicURL = url
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestListeningForOthersNeedsAPublicURL(t *testing.T) {
	t.Parallel()
	for addr, ok := range map[string]bool{
		"127.0.0.1:8080": true, "localhost:0": true, "[::1]:8080": true, ":8080": false, "0.0.0.0:8080": false, "[::]:8080": false, "192.168.1.2:80": false,
	} {
		c := valid()
		c.Addr = addr
		if err := c.Validate(); (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "KEYHALL_PUBLIC_URL") {
			t.Errorf("%s: %v", addr, err)
		}
		c.PublicURL = "https://keys.example.com"
		if err := c.Validate(); err != nil {
			t.Errorf("%s with a public URL: %v", addr, err)
		}
	}
}

func TestWhatIsWrongIsNamedAllAtOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := config.Config{
		Addr: "8080", DatabaseURL: config.NewDatabaseURL("host=db password=hunter2"), PublicURL: "http://keys.example.com", Signup: "maybe",
		SMTPURL: config.NewSMTPURL("mail.example.com hunter2"), MailFrom: "Keyhall <keyhall@example.com>", PolicyDir: file, TrustedProxies: []string{"10.0.0.5", "0.0.0.0/0"}, Log: "xml", Introspection: "", ShareLinks: "on", ShareLinkHours: 8761,
		CORSOrigins: []string{"https://app.example.com", "https://*.example.com"}, Explorer: "yes",
	}
	text := fmt.Sprint(wrong.Validate())
	for _, name := range []string{
		"KEYHALL_ADDR", "KEYHALL_DATA_DIR", "KEYHALL_DATABASE_URL", "KEYHALL_PUBLIC_URL", "KEYHALL_SIGNUP", "KEYHALL_SMTP_URL", "KEYHALL_MAIL_FROM", "KEYHALL_POLICY_DIR",
		`KEYHALL_TRUSTED_PROXIES "0.0.0.0/0"`, "KEYHALL_LOG", "KEYHALL_INTROSPECTION",
		`KEYHALL_CORS_ORIGINS "https://*.example.com"`, "KEYHALL_EXPLORER", "KEYHALL_SHARE_LINKS_MAX_HOURS 8761",
	} {
		if !strings.Contains(text, name) {
			t.Errorf("%s is not named in: %s", name, text)
		}
	}
	if strings.Count(text, "\n") != 13 || strings.Contains(text, "hunter2") {
		t.Errorf("fourteen lines without the password: %s", text)
	}
}

func TestAddressesAndProxiesAreParsedStrictly(t *testing.T) {
	t.Parallel()
	for addr, ok := range map[string]bool{"127.0.0.1": false, "127.0.0.1:http": false, "127.0.0.1:65536": false, "127.0.0.1:-1": false, "127.0.0.1:": false, "127.0.0.1:0": true} {
		c := valid()
		c.Addr = addr
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("address %q: %v", addr, err)
		}
	}
	for proxy, ok := range map[string]bool{
		"10.0.0.5": true, "10.0.0.0/8": true, "::1": true, "::ffff:10.0.0.5": true, " 10.0.0.5 ": true, "": false, "proxy.example.com": false,
		"10.0.0.05": false, "10.0.0.0/33": false, "fe80::1%eth0": false, "::ffff:10.0.0.0/104": false, "::/0": false, "0.0.0.0/0": false,
	} {
		c := valid()
		c.TrustedProxies = []string{proxy}
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("proxy %q: %v", proxy, err)
		}
	}
	c := valid()
	c.TrustedProxies = []string{"::ffff:10.0.0.5", "10.1.2.3/8"}
	if got := fmt.Sprint(c.Proxies()); got != "[10.0.0.5/32 10.0.0.0/8]" {
		t.Errorf("proxies %s", got)
	}
}

func TestTheDatabaseIsAURLThatSaysHowItIsProtected(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"": true, "postgres://u:p@db/keyhall?sslmode=verify-full": true, "postgresql://u@db:5432/keyhall?sslmode=disable": true,
		"postgres:///keyhall?host=/run/postgresql&sslmode=disable": true, "postgres://u:p@a,b/keyhall?sslmode=require": true,
		"postgres://u:p@db/keyhall": false, "postgres:///keyhall?sslmode=disable": false, "mysql://u:p@db/keyhall?sslmode=disable": false,
		"host=db sslmode=disable": false, "postgres:keyhall?sslmode=disable": false, "postgres://u:p%zz@db/x?sslmode=disable": false, "./data/keyhall.db": false,
	} {
		c := valid()
		c.DatabaseURL = config.NewDatabaseURL(url)
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestThePasswordOfTheDatabaseIsNeverShown(t *testing.T) {
	for name, url := range map[string]string{
		"user info":  "postgres://keyhall:hunter2@db:5432/keyhall?sslmode=disable",
		"parameter":  "postgres://keyhall@db:5432/keyhall?password=hunter2&sslmode=disable",
		"unreadable": "postgres://keyhall:hunter2%zz@db:5432/keyhall",
		"pairs":      "host=db password=hunter2",
		"as user":    "postgres://db:5432/keyhall?user=x&password=hunter2&sslpassword=hunter2",
	} {
		c, err := parse(t, map[string]string{"KEYHALL_DATABASE_URL": url})
		var out bytes.Buffer
		fmt.Fprintln(&out, err)
		type private struct{ c config.Config }
		for _, value := range []any{c, &c, c.DatabaseURL, &c.DatabaseURL, private{c}, []any{c}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				fmt.Fprintf(&out, verb+"\n", value)
			}
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(encoded)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "config", value)
			slog.New(slog.NewTextHandler(&out, nil)).Info("x", "config", value)
		}
		for _, form := range []string{"hunter2", fmt.Sprintf("%x", "hunter2")} {
			if strings.Contains(out.String(), form) {
				t.Errorf("%s: %q is in %s", name, form, out.String())
			}
		}
		if c.DatabaseURL.Expose() != url {
			t.Errorf("%s: the driver gets %q", name, c.DatabaseURL.Expose())
		}
	}
}

func TestTheLogShowsTheServerOfTheDatabase(t *testing.T) {
	t.Parallel()
	got := config.NewDatabaseURL("postgres://keyhall:hunter2@db:5432/keys?sslmode=disable").String()
	if got != "postgres://keyhall@db:5432/keys" {
		t.Errorf("shown as %q", got)
	}
}
