package policy

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Refusal says why a rule is outside the fragment that has an exact SQL form. It refuses the whole law.
type Refusal struct {
	File       string
	Line       int
	Permission string
	Reason     string
	Expression string
	Hint       string
}

func (r *Refusal) Error() string {
	text := fmt.Sprintf("%s:%d: %s: %s", r.File, r.Line, r.Permission, r.Reason)
	if r.Expression != "" {
		text += " (in `" + r.Expression + "`)"
	}
	if r.Hint != "" {
		text += "; " + r.Hint
	}
	return text
}

func refuse(at *ast.Expr, hint, reason string, args ...any) error {
	r := &Refusal{Reason: fmt.Sprintf(reason, args...), Hint: hint}
	if at != nil {
		r.Expression = at.String()
		r.locate(at.Loc())
	}
	return r
}

func (r *Refusal) locate(at *ast.Location) {
	if r.File == "" && at != nil && at.File != "" {
		r.File, r.Line = at.File, at.Row
	}
}
