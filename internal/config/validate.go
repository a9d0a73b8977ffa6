package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Validate tells everything that is wrong at once, and what to do about each.
func (c Config) Validate() error {
	return errors.Join(
		checkAddr(c.Addr),
		checkDataDir(c.DataDir),
		checkDatabase(c.DatabaseURL),
		checkPublicURL(c.PublicURL, c.Addr),
		checkWord("KEYHALL_SIGNUP", c.Signup, "", "open", "closed"),
		checkMail(c.SMTPURL, c.MailFrom),
		checkPolicyDir(c.PolicyDir),
		checkProxies(c.TrustedProxies),
		checkRedis(c.RedisURL),
		checkWord("KEYHALL_LOG", c.Log, "auto", "text", "json"),
		checkOrigins(c.CORSOrigins, c.PublicURL),
		checkWord("KEYHALL_EXPLORER", c.Explorer, "", "on", "off"),
		checkShareLinks(c.ShareLinks, c.ShareLinkHours),
		checkWord("KEYHALL_INTROSPECTION", c.Introspection, "on", "off"),
	)
}

func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("KEYHALL_ADDR %q: write a host and a port, as in 127.0.0.1:8080 or [::1]:8080", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("KEYHALL_ADDR %q: the port is a number from 0 to 65535 (0: any free one)", addr)
	}
	return nil
}

func checkDataDir(dir string) error {
	if dir == "" {
		return errors.New("KEYHALL_DATA_DIR is empty: name a directory for the key file, as in ./data")
	}
	return nil
}

// checkDatabase wants sslmode to be said: whether the connection is encrypted
// must not depend on a driver's default.
func checkDatabase(database DatabaseURL) error {
	if database.IsZero() {
		return nil
	}
	parsed, err := database.parse()
	if err != nil {
		return errors.New("KEYHALL_DATABASE_URL is not readable: write it as postgres://user:password@host/name?sslmode=verify-full, and special characters of the password as %XX")
	}
	query := parsed.Query()
	if parsed.Host == "" && query.Get("host") == "" {
		return errors.New("KEYHALL_DATABASE_URL names no server: write postgres://user:password@host/name?sslmode=verify-full")
	}
	if query.Get("sslmode") == "" {
		return errors.New("KEYHALL_DATABASE_URL does not say how the connection is protected: add ?sslmode=verify-full to it (or sslmode=disable for a server on this machine)")
	}
	return nil
}

// checkPublicURL keeps out what cannot work: browsers drop our session cookie,
// silently, unless the address is https or this very machine.
func checkPublicURL(public, addr string) error {
	if public == "" {
		host, _, err := net.SplitHostPort(addr)
		if err == nil && !loopback(host) {
			return fmt.Errorf("KEYHALL_ADDR %q is reached from other machines: set KEYHALL_PUBLIC_URL to the https address that people use, or listen on 127.0.0.1", addr)
		}
		return nil
	}
	parsed, err := url.Parse(public)
	if err != nil || parsed.Hostname() == "" || (parsed.Scheme != "https" && parsed.Scheme != "http") {
		return errors.New("KEYHALL_PUBLIC_URL is not a web address: write it as https://keys.example.com")
	}
	if parsed.User != nil || (parsed.Path != "" && parsed.Path != "/") || strings.ContainsAny(public, "?#") {
		return fmt.Errorf("KEYHALL_PUBLIC_URL has more than a host and a port: write %s://%s", parsed.Scheme, parsed.Host)
	}
	if parsed.Scheme == "http" && !loopback(parsed.Hostname()) {
		return fmt.Errorf("KEYHALL_PUBLIC_URL is http, and nobody could sign in (browsers drop the session cookie): put https in front and write https://%s", parsed.Host)
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

func checkPolicyDir(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("KEYHALL_POLICY_DIR: %w: name an existing directory of Rego modules, or leave it empty for the built-in law", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("KEYHALL_POLICY_DIR %q is not a directory: name the one that holds the Rego modules", dir)
	}
	return nil
}

// longestLink is a year: who should have a secret for longer should have an account.
const longestLink = 8760

func checkShareLinks(on string, hours int) error {
	var problem error
	if on == "on" && (hours < 1 || hours > longestLink) {
		problem = fmt.Errorf("KEYHALL_SHARE_LINKS_MAX_HOURS %d: write a number of hours from 1 to %d", hours, longestLink)
	}
	return errors.Join(checkWord("KEYHALL_SHARE_LINKS", on, "on", "off"), problem)
}

func checkWord(name, got string, words ...string) error {
	if slices.Contains(words, got) {
		return nil
	}
	choice := strings.Join(slices.DeleteFunc(slices.Clone(words), func(word string) bool { return word == "" }), " or ")
	return fmt.Errorf("%s %q: write %s", name, got, choice)
}
