package mail

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
	texttemplate "text/template"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/token"
)

//go:embed templates
var files embed.FS

// rendered is a letter as people read it. Its link holds the token, so it is never kept and never logged.
type rendered struct{ subject, text, html string }

// press sets letters: the words once, in two forms.
type press struct {
	words *texttemplate.Template
	text  *texttemplate.Template
	html  *template.Template
}

func newPress() (*press, error) {
	words, err := texttemplate.ParseFS(files, "templates/letters.tmpl")
	if err != nil {
		return nil, fmt.Errorf("read the letters: %w", err)
	}
	text, err := texttemplate.ParseFS(files, "templates/letter.txt")
	if err != nil {
		return nil, fmt.Errorf("read the letters: %w", err)
	}
	page, err := template.ParseFS(files, "templates/letter.html")
	if err != nil {
		return nil, fmt.Errorf("read the letters: %w", err)
	}
	return &press{words, text, page}, nil
}

// sheet is what the two forms are made of.
type sheet struct {
	Subject, Action, Link, Origin string
	Paragraphs                    []string
}

// set makes the letter of a row. Names come from people: they are only ever text, in the page too.
func (p *press) set(row *ent.Mail, link, code, origin string) (rendered, error) {
	data := struct {
		Actor, Name, Role, Part, To, Code string
		Number                            int
	}{row.ActorName, row.Name, role(row.Role), row.Role, row.Recipient, code, row.Generation}
	word := func(part string) (string, error) {
		var out bytes.Buffer
		err := p.words.ExecuteTemplate(&out, row.Kind+"."+part, data)
		return out.String(), err
	}
	subject, err := word("subject")
	if err != nil {
		return rendered{}, err
	}
	body, err := word("body")
	if err != nil {
		return rendered{}, err
	}
	action, err := word("action")
	if err != nil {
		return rendered{}, err
	}
	s := sheet{strings.Join(strings.Fields(subject), " "), action, link, origin, strings.Split(body, "\n\n")}
	var text, page bytes.Buffer
	if err := p.text.ExecuteTemplate(&text, "letter.txt", s); err != nil {
		return rendered{}, err
	}
	if err := p.html.ExecuteTemplate(&page, "letter.html", s); err != nil {
		return rendered{}, err
	}
	return rendered{s.Subject, text.String(), page.String()}, nil
}

func role(name string) string {
	if name == "ADMIN" || name == "OWNER" {
		return "an " + strings.ToLower(name)
	}
	return "a " + strings.ToLower(name)
}

// linkOf derives the letter's link; nothing of it is stored.
func (o *Outbox) linkOf(row *ent.Mail, origin string) string {
	kind := Kind(row.Kind)
	out := origin + kind.page()
	if l, ok := kind.link(); ok {
		out += "#" + token.NewMailed(o.tokens, l, row.ResourceID, row.Generation).Expose()
	}
	return out
}

// codeOf derives the code that a letter says, where it says one.
func (o *Outbox) codeOf(row *ent.Mail) string {
	if Kind(row.Kind) != ShareLinkCode {
		return ""
	}
	return token.Code(o.tokens, row.ResourceID, row.Generation)
}
