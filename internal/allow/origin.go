package allow

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// Origin is an entry of a list of origins: https://app.example.com, https://*.example.com, *.example.com:8443.
type Origin struct {
	scheme     string // empty: any
	subdomains bool   // of host, however deep, and not host itself
	host       string // a name in lower case without a final dot, or an address (IPv6 in brackets)
	port       int    // 0: the usual one of the scheme
}

// ParseOrigin reads an entry. Scheme and port may be left out; a port that is the usual one of the scheme is dropped.
func ParseOrigin(text string) (Origin, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Origin{}, errEmpty()
	}
	var o Origin
	rest, err := o.takeScheme(strings.TrimSuffix(text, "/"))
	if err != nil {
		return Origin{}, err
	}
	if rest, err = o.takePort(rest); err != nil {
		return Origin{}, err
	}
	if after, ok := strings.CutPrefix(rest, "*."); ok {
		o.subdomains, rest = true, after
	}
	o.host, err = hostOf(rest, o.subdomains)
	if err != nil {
		return Origin{}, err
	}
	return o, nil
}

func (o *Origin) takeScheme(text string) (rest string, err error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text, nil
	}
	o.scheme = strings.ToLower(scheme)
	if scheme == "" || len(scheme) > 32 || !letter(rune(o.scheme[0])) || !all(o.scheme, func(r rune) bool { return letterOrDigit(r) || strings.ContainsRune("+.-", r) }) {
		return "", errors.New("start with a scheme such as https://, or with the host")
	}
	return rest, nil
}

func (o *Origin) takePort(text string) (rest string, err error) {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 || strings.HasSuffix(text, "]") {
		return text, nil
	}
	port, err := strconv.ParseUint(text[colon+1:], 10, 16)
	if err != nil || port == 0 || text[colon+1] == '0' {
		return "", errors.New("a port is a number from 1 to 65535")
	}
	if int(port) != usualPort(o.scheme) {
		o.port = int(port)
	}
	return text[:colon], nil
}

// usualPort is where a scheme is spoken when nothing else is said; 0 when that is not known.
func usualPort(scheme string) int {
	switch scheme {
	case "http", "ws":
		return 80
	case "https", "wss":
		return 443
	}
	return 0
}

func hostOf(text string, subdomains bool) (string, error) {
	text = strings.ToLower(strings.TrimSuffix(text, "."))
	address, isAddress, err := addressOf(text)
	switch {
	case err != nil:
		return "", err
	case isAddress && subdomains:
		return "", errors.New("an address has no subdomains")
	case isAddress:
		return address, nil
	case !isName(text):
		return "", errors.New("write an origin: https://app.example.com, https://*.example.com or *.example.com:8443, in punycode, without a path")
	case text == "null":
		return "", errors.New("null is what has no origin: there is nothing to allow")
	case subdomains && !strings.Contains(text, ".") && text != "localhost":
		return "", errors.New("name a domain behind the wildcard: *.example.com")
	}
	return text, nil
}

// isName tells whether a host is a name as it travels: labels of ASCII.
func isName(host string) bool {
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			!all(label, func(r rune) bool { return letterOrDigit(r) || r == '-' || r == '_' }) {
			return false
		}
	}
	return true
}

// addressOf reads a host that is an address. A name whose last label is a number is one too, or nothing: browsers take
// 127.1 for an address.
func addressOf(text string) (host string, ok bool, err error) {
	inner, isV6 := strings.CutPrefix(text, "[")
	if !isV6 && !endsInNumber(text) {
		return "", false, nil
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
	if err != nil || a.Zone() != "" || isV6 != a.Is6() || isV6 != strings.HasSuffix(text, "]") {
		return "", false, errors.New("write an address in full: http://127.0.0.1:3000 or http://[::1]:3000")
	}
	if isV6 {
		return "[" + a.String() + "]", true, nil
	}
	return a.String(), true, nil
}

func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	hex, isHex := strings.CutPrefix(last, "0x")
	return last != "" && all(last, digit) || isHex && all(hex, func(r rune) bool { return digit(r) || r >= 'a' && r <= 'f' })
}

func all(s string, is func(rune) bool) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !is(r) })
}

func letter(r rune) bool        { return r >= 'a' && r <= 'z' }
func digit(r rune) bool         { return r >= '0' && r <= '9' }
func letterOrDigit(r rune) bool { return letter(r) || digit(r) }

// String is the normal form.
func (o Origin) String() string {
	var b strings.Builder
	if o.scheme != "" {
		b.WriteString(o.scheme + "://")
	}
	if o.subdomains {
		b.WriteString("*.")
	}
	b.WriteString(o.host)
	if o.port != 0 {
		b.WriteString(":" + strconv.Itoa(o.port))
	}
	return b.String()
}

// Matches tells whether the Origin header of a request is one of these: the scheme must be the same where the entry names
// one, the port must be, and a header that is no origin (null, a pattern) never matches.
func (o Origin) Matches(header string) bool {
	got, err := ParseOrigin(header)
	return err == nil && o.admits(got)
}

// admits compares with an origin that was parsed already.
func (o Origin) admits(got Origin) bool {
	if got.scheme == "" || got.subdomains || o.scheme != "" && o.scheme != got.scheme {
		return false
	}
	if o.port != got.port && (o.port == 0 || o.port != usualPort(got.scheme) || got.port != 0) {
		return false
	}
	if o.subdomains {
		return strings.HasSuffix(got.host, "."+o.host)
	}
	return got.host == o.host
}
