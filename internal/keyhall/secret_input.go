package keyhall

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyring"
)

// Bounds of what people may write about a secret, in characters.
const (
	maxURL        = 2000
	maxClientID   = 500
	maxIdentifier = 200
	maxMethod     = 20
	maxNotes      = 10_000
	maxValue      = 65_536
)

// CreateSecret asks for a new secret; without a value it gets one later.
type CreateSecret struct {
	OrganizationID string
	Name           string
	URL            string
	ClientID       string
	ClientSecret   *keyring.Secret
	Identifier     *string
	Method         *string
	Tags           []string
	Notes          *string
	ExpiresAt      *time.Time
	ReasonRequired bool
	NotifyOnReveal bool
}

func (in CreateSecret) check() error {
	var p problems
	p.text("name", in.Name, maxName, true, false)
	p.url("url", in.URL)
	p.text("clientId", in.ClientID, maxClientID, true, false)
	p.aside(in.Identifier, in.Method, in.Notes)
	p.list("tags", in.Tags, maxTags, maxTag)
	p.value("clientSecret", in.ClientSecret)
	return p.err()
}

// UpdateSecret changes a secret. A nil field keeps what is there; a value, also an empty one, makes a new version.
type UpdateSecret struct {
	ID             string
	Name           *string
	URL            *string
	ClientID       *string
	ClientSecret   *keyring.Secret
	Identifier     *string
	Method         *string
	Tags           *[]string
	Notes          *string
	Expiry         *Expiry
	ReasonRequired *bool // with the next one, needs secret.share too
	NotifyOnReveal *bool // the owner is told of reveals
}

func (in UpdateSecret) check() error {
	var p problems
	if in.Name != nil {
		p.text("name", *in.Name, maxName, true, false)
	}
	if in.URL != nil {
		p.url("url", *in.URL)
	}
	if in.ClientID != nil {
		p.text("clientId", *in.ClientID, maxClientID, true, false)
	}
	p.aside(in.Identifier, in.Method, in.Notes)
	if in.Tags != nil {
		p.list("tags", *in.Tags, maxTags, maxTag)
	}
	p.value("clientSecret", in.ClientSecret)
	return p.err()
}

// aside checks what may be left out.
func (p *problems) aside(identifier, method, notes *string) {
	if identifier != nil {
		p.text("identifier", *identifier, maxIdentifier, false, false)
	}
	if method != nil && *method != "" && (len(*method) > maxMethod || !methodPattern().MatchString(*method)) {
		p.add(fault.Invalid, "a method is a word like GET or POST", "method")
	}
	if notes != nil {
		p.text("notes", *notes, maxNotes, false, true)
	}
}

func methodPattern() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z]+(-[A-Za-z]+)*$`) }

// url takes the address of a service. It is shown as a link, so it may not be something that a browser runs.
func (p *problems) url(field, value string) {
	before := len(*p)
	if p.text(field, value, maxURL, true, false); len(*p) > before {
		return
	}
	u, err := url.Parse(strings.TrimSpace(value))
	schemes := []string{"http", "https", "ws", "wss"}
	if err != nil || u.Host == "" || u.User != nil || !slices.Contains(schemes, strings.ToLower(u.Scheme)) {
		p.add(fault.Invalid, "an address looks like https://api.example.com, without a name or a password in it", field)
	}
}

// value takes any text: what is secret is not read.
func (p *problems) value(field string, v *keyring.Secret) {
	if v != nil && utf8.RuneCountInString(v.Expose()) > maxValue {
		p.add(fault.TooLong, fmt.Sprintf("at most %d characters", maxValue), field)
	}
}
