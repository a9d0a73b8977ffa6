package allow

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Agent is a part of a User-Agent header.
type Agent string

// ParseAgent reads one. White space around it is dropped: a header has none there.
func ParseAgent(text string) (Agent, error) {
	s, err := plain(text)
	return Agent(s), err
}

// String is the text.
func (a Agent) String() string { return string(a) }

// Matches tells whether the text is part of a header, letter by letter in the same case.
func (a Agent) Matches(header string) bool { return a != "" && strings.Contains(header, string(a)) }

// Method is the name of what is called: eth_call, payments.create.
type Method string

// ParseMethod reads one.
func ParseMethod(text string) (Method, error) {
	s, err := plain(text)
	return Method(s), err
}

// String is the name.
func (m Method) String() string { return string(m) }

// Matches tells whether it is the same name, also in its case.
func (m Method) Matches(name string) bool { return m != "" && string(m) == name }

// plain is a line of text that a header can hold and that looks like what it is.
func plain(text string) (string, error) {
	s := strings.TrimSpace(text)
	switch {
	case s == "":
		return "", errEmpty()
	case len(s) > maxLength:
		return "", fmt.Errorf("at most %d bytes", maxLength)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }):
		return "", errors.New("control characters cannot be part of this")
	}
	return s, nil
}
