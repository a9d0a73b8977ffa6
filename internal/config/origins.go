package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Origins are the pages that may use the API from elsewhere, written as browsers do. What does not parse is left out;
// Validate has refused it.
func (c Config) Origins() []string {
	var origins []string
	for _, text := range c.CORSOrigins {
		if origin, err := parseOrigin(text); err == nil {
			origins = append(origins, origin)
		}
	}
	return origins
}

func checkOrigins(origins []string, public string) error {
	var all error
	own, ownErr := parseOrigin(public)
	for _, text := range origins {
		switch origin, err := parseOrigin(text); {
		case err != nil:
			all = errors.Join(all, fmt.Errorf("KEYHALL_CORS_ORIGINS %q %w: write whole origins, as in https://app.example.com,http://localhost:5173", text, err))
		case ownErr == nil && origin == own:
			all = errors.Join(all, fmt.Errorf("KEYHALL_CORS_ORIGINS %q is Keyhall's own address, which needs no leave: remove it", text))
		}
	}
	return all
}

// parseOrigin reads a scheme, a host and perhaps a port, and nothing else. A pattern would let somebody in whom nobody
// named, and a page that came over plain http could be anybody's.
func parseOrigin(text string) (string, error) {
	parsed, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return "", errors.New("is not an origin")
	}
	host := strings.ToLower(parsed.Host)
	switch {
	case parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Hostname() == "" || strings.HasSuffix(host, ":"):
		return "", errors.New("is not an origin")
	case strings.Contains(host, "*"):
		return "", errors.New("is a pattern, and only exact origins are let in")
	case parsed.User != nil || strings.TrimSuffix(parsed.Path, "/") != "" || strings.ContainsAny(text, "?#"):
		return "", errors.New("has more than a scheme, a host and a port")
	case strings.ContainsFunc(host, notInHost):
		return "", errors.New("has letters that browsers write as xn--")
	case parsed.Scheme == "http" && !loopback(parsed.Hostname()):
		return "", errors.New("is http, so that its pages can be changed on their way")
	}
	return origin(parsed), nil
}

// origin is scheme, host and port as browsers write them: lower case, without a port that goes without saying.
func origin(u *url.URL) string {
	usual := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), usual)
}

func notInHost(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789.-:[]_", r)
}
