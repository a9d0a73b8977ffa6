package authn

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/text"
)

// Username brings a username to its normal form, or says what is wrong with it.
func Username(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if !regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,37}[a-z0-9])?$`).MatchString(s) {
		return s, fault.Refuse(fault.Invalid, "a username is 1 to 39 letters, digits and . _ - and starts and ends with a letter or a digit", "input", "username")
	}
	return s, nil
}

// Name is Username for the name that people read.
func Name(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return s, fault.Refuse(fault.Required, "this is needed", "input", "name")
	case n > 100:
		return s, fault.Refuse(fault.TooLong, "at most 100 characters", "input", "name")
	case text.Unsafe(s):
		return s, fault.Refuse(fault.Invalid, "control characters cannot be part of this", "input", "name")
	}
	return s, nil
}

// Taken is the refusal of a username that somebody else has.
func Taken() error {
	return fault.Refuse(fault.Taken, "this username is taken; choose another", "input", "username")
}
