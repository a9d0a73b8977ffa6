package keyhall

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/text"
)

// Bounds of what people may write, in characters unless said otherwise.
const (
	maxName        = 100
	maxDescription = 2000
	maxTags        = 20
	maxTag         = 50
	maxScopes      = 100
	maxScope       = 200
	maxReason      = 500
	maxInvitees    = 50
)

// problems collects what is wrong with an input, so that a client learns all of it at once.
type problems []error

// add names the place by its path below the input: "tags.2" is the third of the tags.
func (p *problems) add(code fault.UserErrorCode, message, place string) {
	*p = append(*p, fault.Refuse(code, message, append([]string{"input"}, strings.Split(place, ".")...)...))
}

func (p problems) err() error { return errors.Join(p...) }

// text checks a line or a block of text that people read.
func (p *problems) text(field, value string, max int, required, block bool) {
	switch {
	case required && strings.TrimSpace(value) == "":
		p.add(fault.Required, "this is needed", field)
	case utf8.RuneCountInString(value) > max:
		p.add(fault.TooLong, fmt.Sprintf("at most %d characters", max), field)
	case block && text.UnsafeBlock(value), !block && text.Unsafe(value):
		p.add(fault.Invalid, "control characters cannot be part of this", field)
	}
}

func (p *problems) list(field string, values []string, max, maxEach int) {
	if len(values) > max {
		p.add(fault.TooLong, fmt.Sprintf("at most %d of them", max), field)
		return
	}
	for i, v := range values {
		before := len(*p)
		p.text(fmt.Sprintf("%s.%d", field, i), v, maxEach, true, false)
		if len(*p) > before {
			return
		}
	}
}

// scope names what a key may be used for: a slug that services compare as it is.
func scopePattern() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_:\-.*/]+$`) }

func (p *problems) scopes(field string, values []string) {
	p.list(field, values, maxScopes, maxScope)
	ok := scopePattern()
	for i, v := range values {
		if v != "" && !ok.MatchString(v) {
			p.add(fault.Invalid, "a scope is made of letters, digits and _ : - . * /", fmt.Sprintf("%s.%d", field, i))
			return
		}
	}
}
