package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/token"
)

// SignatureHeader is where a call says by whom it is.
const SignatureHeader = "Keyhall-Signature"

// outcome is how a call ended: a short code, empty when it was taken.
type outcome struct {
	code  string
	final bool // no use to try again
}

// call posts one row.
func (s *Sender) call(ctx context.Context, row *ent.Webhook) outcome {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	u, err := url.Parse(row.URL)
	if err != nil || u.Scheme != "https" {
		return outcome{code: "not_https", final: true}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, row.URL, strings.NewReader(row.Body))
	if err != nil {
		return outcome{code: "unreadable", final: true}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Keyhall")
	req.Header.Set("Keyhall-Webhook-Id", row.ID) // the same each time that it is tried
	req.Header.Set(SignatureHeader, Sign(token.WebhookSecret(s.tokens, row.AlertID), time.Now(), row.Body))
	answer, err := s.out.Do(req)
	switch {
	case errors.Is(err, errPrivate):
		return outcome{code: "private_address", final: true}
	case err != nil:
		return outcome{code: "unreachable"}
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return outcome{}
	case answer.StatusCode == http.StatusGone:
		return outcome{code: "status_410", final: true}
	}
	return outcome{code: "status_" + strconv.Itoa(answer.StatusCode)}
}

// Sign is the header of a body that is sent at a time: t=SECONDS,v1=HEX, the HMAC-SHA-256 of "SECONDS." and the body.
func Sign(secret string, at time.Time, body string) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(seconds + "." + body)) // never fails
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// errPrivate says that a name leads to where nothing is sent.
var errPrivate = errors.New("webhook: an address of a private network")

// outgoing is a client that asks no proxy, follows no redirect, and looks at each address that it is about to connect to, after the name
// was looked up: a name that leads elsewhere the second time gets nowhere.
func (c Config) outgoing() *http.Client {
	dialer := &net.Dialer{Timeout: c.Timeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !c.allows(to.Addr()) {
			return errPrivate
		}
		return nil
	}}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
			DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10, ForceAttemptHTTP2: true,
		},
	}
}

func (c Config) allows(ip netip.Addr) bool {
	ip = ip.Unmap()
	if ip.IsLoopback() {
		return c.Loopback
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Zone() != "" {
		return false
	}
	for _, kept := range reserved() {
		if kept.Contains(ip) {
			return false
		}
	}
	return true
}

// reserved are networks that look public and are not, and ways to write a private address inside of another.
func reserved() []netip.Prefix {
	var out []netip.Prefix
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}
