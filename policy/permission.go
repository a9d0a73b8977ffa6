package policy

import "strings"

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

// PermissionInfo is what the law says about one permission.
type PermissionInfo struct {
	Name        Permission
	Type        string // Ent type of the row that it is about; empty for the instance itself
	Title       string
	Description string
	File        string
	Line        int
}
