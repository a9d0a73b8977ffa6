package policy

import (
	"strings"
	"unicode"
)

// Permission names one rule of the law: "api_key.rename".
type Permission string

// Noun is what the permission is about: the Rego package below keyhall.
func (p Permission) Noun() string {
	noun, _ := p.split()
	return noun
}

// Verb is the name of the rule inside its package.
func (p Permission) Verb() string {
	_, verb := p.split()
	return verb
}

func (p Permission) split() (noun, verb string) {
	i := strings.LastIndexByte(string(p), '.')
	if i < 0 {
		return string(p), ""
	}
	return string(p[:i]), string(p[i+1:])
}

// snake turns the name of a type into the noun of its permissions: APIKey into api_key.
func snake(typ string) string {
	var b strings.Builder
	for i, c := range typ {
		starts := i > 0 && unicode.IsUpper(c) &&
			(!unicode.IsUpper(rune(typ[i-1])) || i+1 < len(typ) && !unicode.IsUpper(rune(typ[i+1])))
		if starts {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// PermissionInfo is what the law says about one permission.
type PermissionInfo struct {
	Name        Permission
	Type        string // Ent type of the row that it is about; empty for the instance itself
	Title       string
	Description string
	File        string
	Line        int
}
