package keyhall

import (
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/money"
)

// Bounds of limits.
const (
	maxRates    = 10
	maxRequests = 1_000_000_000
	maxWindow   = 31 * 24 * 60 * 60 // seconds
	maxSpend    = 1_000_000_000_000 * money.Scale
	maxAlerts   = 10
	maxEmails   = 10
)

// NewRateLimit is how many requests pass in a time.
type NewRateLimit struct {
	Requests      int64
	WindowSeconds int
}

// NewSpendAlert is who is told when a part of the month's spend limit is used.
type NewSpendAlert struct {
	Percent    int
	Emails     []string
	WebhookURL *string
}

func (a NewSpendAlert) url() string {
	if a.WebhookURL == nil {
		return ""
	}
	return *a.WebhookURL
}

// check refuses what could not be held, or would hold nothing.
func (in UpdateLimits) check() error {
	var p problems
	if in.Rates != nil {
		p.rates(*in.Rates)
	}
	if in.Spend != nil && in.Spend.Limit != nil {
		p.spend(*in.Spend.Limit)
	}
	if in.Alerts != nil {
		p.alerts(*in.Alerts)
	}
	return p.err()
}

func (p *problems) rates(list []*NewRateLimit) {
	if len(list) > maxRates {
		p.add(fault.TooLong, fmt.Sprintf("at most %d of them", maxRates), "rates")
		return
	}
	windows := map[int]bool{}
	for i, r := range list {
		at := fmt.Sprintf("rates.%d", i)
		if r.Requests < 1 || r.Requests > maxRequests {
			p.add(fault.Invalid, fmt.Sprintf("from 1 to %d", maxRequests), at+".requests")
		}
		if r.WindowSeconds < 1 || r.WindowSeconds > maxWindow {
			p.add(fault.Invalid, fmt.Sprintf("from 1 to %d seconds (31 days)", maxWindow), at+".windowSeconds")
		}
		if windows[r.WindowSeconds] {
			p.add(fault.Invalid, "this window has a rate already; keep the smaller one", at+".windowSeconds")
		}
		windows[r.WindowSeconds] = true
	}
}

func (p *problems) spend(limit money.Money) {
	if limit.Amount <= 0 || limit.Amount > maxSpend {
		p.add(fault.Invalid, "an amount above 0, and of a million millions at most; disable the key to spend nothing", "spend.amount")
	}
	if !money.IsCurrency(limit.Currency) {
		p.add(fault.Invalid, "three capital letters of ISO 4217, as in USD", "spend.currency")
	}
}

func (p *problems) alerts(list []*NewSpendAlert) {
	if len(list) > maxAlerts {
		p.add(fault.TooLong, fmt.Sprintf("at most %d of them", maxAlerts), "alerts")
		return
	}
	for i, a := range list {
		at := fmt.Sprintf("alerts.%d", i)
		if a.Percent < 1 || a.Percent > 100 {
			p.add(fault.Invalid, "from 1 to 100 percent", at+".percent")
		}
		if len(a.Emails) == 0 && a.url() == "" {
			p.add(fault.Required, "say who is told: an address, or where a program is told", at+".emails")
		}
		p.emails(at+".emails", a.Emails)
		if a.WebhookURL != nil {
			p.webhook(at+".webhookUrl", *a.WebhookURL)
		}
	}
}

func (p *problems) emails(at string, list []string) {
	if len(list) > maxEmails {
		p.add(fault.TooLong, fmt.Sprintf("at most %d of them", maxEmails), at)
		return
	}
	for i, text := range list {
		place := fmt.Sprintf("%s.%d", at, i)
		parsed, err := mail.ParseAddress(text)
		switch {
		case err != nil || parsed.Address != text || len(text) > 254 || strings.ContainsAny(text, " \r\n\t\"<>"):
			p.add(fault.Invalid, "a plain address, as in team@example.com", place)
		case slices.Contains(list[:i], text):
			p.add(fault.Invalid, "this address is in the list already", place)
		}
	}
}

// webhook refuses what can be seen here to be no address of a program out there. Where a name leads is looked at again each
// time that something is sent.
func (p *problems) webhook(at, text string) {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		p.add(fault.TooLong, fmt.Sprintf("at most %d characters", maxURL), at)
	case err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		p.add(fault.Invalid, "an https address without a user and a fragment, as in https://hooks.example.com/keyhall", at)
	case local(u.Hostname()):
		p.add(fault.Invalid, "this is an address of a private network or of this machine, where nothing is sent", at)
	}
}

func local(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return !ip.IsGlobalUnicast() || ip.IsPrivate()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal") || !strings.Contains(host, ".")
}
