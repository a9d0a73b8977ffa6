package keyhall

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/group"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// SearchPrincipals needs organization.search: the people and groups of the organization that have a word which starts with the
// text, and the account that has just this username or address. What is written is compared, never a pattern.
// Errors: NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, RATE_LIMITED.
func (h *House) SearchPrincipals(ctx context.Context, organizationID, text string, first *int) ([]Grantee, error) {
	size, _, err := page.Window{First: first}.Size()
	if err != nil {
		return nil, err
	}
	if err := h.allowed(ctx, "organization.search", ent.TypeOrganization, organizationID); err != nil {
		return nil, err
	}
	if err := count(ctx, h.limits.Searches, viewer.From(ctx).UserID); err != nil {
		return nil, err
	}
	if text = strings.TrimSpace(text); text == "" || utf8.RuneCountInString(text) > maxDescription {
		return []Grantee{}, nil
	}
	exact, err := h.holderOf(ctx, text)
	if err != nil {
		return nil, err
	}
	found, err := h.startingWith(lock.Principals(ctx, organizationID), text, size)
	if err != nil {
		return nil, translate(err)
	}
	return h.offered(ctx, exact, found, size)
}

// allowed asks a permission about a thing for a question: hidden, and of another type, is NOT_FOUND.
func (h *House) allowed(ctx context.Context, p policy.Permission, typ, id string) error {
	thing, err := h.guard.Visible(ctx, id)
	if err != nil {
		return err
	}
	if ent.TypeOf(thing) != typ {
		return fault.NotFound()
	}
	d, err := h.found(h.guard.Me(ctx, access.Question{Permission: p, Type: typ, ID: id}))
	if err == nil && !d.Allow {
		err = fault.Forbidden(string(p), d.Reasons...)
	}
	return err
}

// holderOf is the account with just this username or verified address, wherever it is. Who tries many addresses that nobody has is
// slowed down, as when they share.
func (h *House) holderOf(ctx context.Context, login string) (*ent.User, error) {
	u, err := h.client.User.Query().Where(user.SuspendedAt(0)).Only(lock.AccountByLogin(ctx, strings.ToLower(login)))
	switch {
	case ent.IsNotFound(err):
		if _, domain, address := strings.Cut(login, "@"); address && strings.Contains(domain, ".") {
			return nil, count(ctx, h.limits.Unknown, viewer.From(ctx).UserID)
		}
		return nil, nil
	case err != nil:
		return nil, translate(err)
	}
	return u, nil
}

// startingWith reads the first people and groups by name; ctx says of whom.
func (h *House) startingWith(ctx context.Context, text string, most int) ([]Grantee, error) {
	people, err := h.client.User.Query().Where(func(s *sql.Selector) {
		s.Where(sql.Or(hasWord(s, user.FieldName, text), hasWord(s, user.FieldUsername, text), startsWith(s, user.FieldEmail, text)))
	}).Order(ent.Asc(user.FieldName, user.FieldID)).Limit(most).All(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := h.client.Group.Query().Where(func(s *sql.Selector) { s.Where(hasWord(s, group.FieldName, text)) }).
		Order(ent.Asc(group.FieldName, group.FieldID)).Limit(most).All(ctx)
	var out []Grantee
	for _, u := range people {
		out = append(out, Grantee{User: u})
	}
	for _, g := range groups {
		out = append(out, Grantee{Group: g})
	}
	slices.SortStableFunc(out, func(a, b Grantee) int { return strings.Compare(a.sortedBy(), b.sortedBy()) })
	return out, err
}

func (g Grantee) sortedBy() string {
	if g.Group != nil {
		return strings.ToLower(g.Group.Name)
	}
	return strings.ToLower(g.User.Name)
}

// offered shows each as the viewer sees them: the exact one first, the others after it.
func (h *House) offered(ctx context.Context, exact *ent.User, found []Grantee, most int) ([]Grantee, error) {
	if exact != nil {
		found = slices.DeleteFunc(found, func(g Grantee) bool { return g.User != nil && g.User.ID == exact.ID })
		found = append([]Grantee{{User: exact}}, found...)
	}
	found = found[:min(len(found), most)]
	var people, groups []string
	for _, g := range found {
		if g.User != nil {
			people = append(people, g.User.ID)
		} else {
			groups = append(groups, g.Group.ID)
		}
	}
	users, err := h.named(ctx, people)
	if err != nil {
		return nil, err
	}
	named, err := h.namedGroups(ctx, groups)
	if err != nil {
		return nil, err
	}
	out := []Grantee{}
	for _, g := range found {
		shown := Grantee{}
		if g.User != nil {
			shown.User = users[g.User.ID]
		} else {
			shown.Group = named[g.Group.ID]
		}
		if shown.User != nil || shown.Group != nil { // it may have gone in the meantime
			out = append(out, shown)
		}
	}
	return out, nil
}

// What parts two words, besides a space.
func separators() []string { return []string{"-", ".", "_", "'", "’", ",", "("} }

// hasWord: a word of the column, or several that follow each other, begin with the text. The two databases fold letters
// differently, so that it is compared in each form that one of them may have kept.
func hasWord(s *sql.Selector, column, text string) *sql.Predicate {
	words := apart(text)
	if words == "" {
		return sql.False()
	}
	var any []*sql.Predicate
	for _, form := range forms(words) {
		any = append(any, sql.P(func(b *sql.Builder) {
			b.WriteString(map[bool]string{true: "strpos(", false: "instr("}[s.Dialect() == dialect.Postgres])
			b.WriteString("' ' || " + spaced("lower("+s.C(column)+")") + ", ").Arg(" " + form).WriteString(") > 0")
		}))
	}
	return sql.Or(any...)
}

// startsWith: the column begins with the text; what it keeps is in lower case.
func startsWith(s *sql.Selector, column, text string) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		b.WriteString("substr(" + s.C(column) + ", 1, ").Arg(utf8.RuneCountInString(text)).WriteString(") = ").Arg(strings.ToLower(text))
	})
}

// spaced writes an expression with a space in the place of everything that parts words.
func spaced(expression string) string {
	for _, mark := range separators() {
		expression = "replace(" + expression + ", '" + strings.ReplaceAll(mark, "'", "''") + "', ' ')"
	}
	return expression
}

func apart(text string) string {
	for _, mark := range separators() {
		text = strings.ReplaceAll(text, mark, " ")
	}
	return strings.Join(strings.Fields(text), " ")
}

func forms(text string) []string {
	lower, upper := strings.ToLower(text), strings.ToUpper(text)
	title, size := strings.ToLower(text), 0
	if r, n := utf8.DecodeRuneInString(title); n > 0 {
		title, size = string(unicode.ToUpper(r))+title[n:], n
	}
	out := []string{lower, asciiLower(upper)}
	if size > 1 {
		out = append(out, asciiLower(title))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func asciiLower(text string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return unicode.ToLower(r)
		}
		return r
	}, text)
}
