package gqlhttp

import (
	"regexp"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const (
	maxName           = 64
	numberMessage     = "This number is out of range."
	parseMessage      = "The document is not valid GraphQL."
	validationMessage = "The document does not fit the schema."
)

// wording rewrites what the parser and the validator say, because they quote the request. A sentence passes only if
// the whole of it is on the closed list, with nothing but names where the list has names. Any other becomes a general one.
type wording struct{ parse, validation, variable phrases }

func newWording() *wording {
	return &wording{parse: compile(parseSentences), validation: compile(validationSentences), variable: compile(variableSentences)}
}

// clean makes the errors of a request that did not start fit to be sent.
func (w *wording) clean(errs gqlerror.List) gqlerror.List {
	out := make(gqlerror.List, 0, len(errs))
	for _, e := range errs {
		out = append(out, w.cleanOne(e))
	}
	return out
}

func (w *wording) cleanOne(e *gqlerror.Error) *gqlerror.Error {
	var out *gqlerror.Error
	switch code := codeOf(e); {
	case code == CodeParseFailed:
		out = coded(parseCode(e.Message), w.parse.rewrite(e.Message, parseMessage))
	case code != CodeValidationFailed:
		return e // of this package, or of an extension of the caller
	case e.Rule == numbersFitRule:
		out = coded(CodeBadUserInput, numberMessage)
	case e.Rule == "" && len(e.Path) > 0:
		return coded(CodeBadUserInput, w.aboutVariable(e))
	case e.Rule == "" && strings.HasPrefix(e.Message, "operation "):
		out = coded(CodeValidationFailed, `The document has no operation of this "operationName", or several and none was named.`)
	default:
		out = coded(CodeValidationFailed, w.validation.rewrite(e.Message, validationMessage))
	}
	out.Locations = e.Locations
	return out
}

// parseCode tells a document that is too much to parse from one that is wrong.
func parseCode(message string) string {
	if strings.HasPrefix(message, "exceeded ") {
		return CodeOperationTooLarge
	}
	return CodeParseFailed
}

// aboutVariable names the variable and the field of the input by a path. The keys of the request's JSON can be anything:
// the path stops before the first that is not a plain name.
func (w *wording) aboutVariable(e *gqlerror.Error) string {
	var place strings.Builder
	place.WriteString(`Variable "$`)
	for i, element := range e.Path[1:] {
		switch p := element.(type) {
		case ast.PathName:
			if !isPlainName(string(p)) {
				return place.String() + `" holds an unknown field.`
			}
			if i > 0 {
				place.WriteByte('.')
			}
			place.WriteString(string(p))
		case ast.PathIndex:
			place.WriteString("[]")
		}
	}
	return place.String() + `" ` + w.variable.rewrite(e.Message, "is not valid.")
}

func isPlainName(s string) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// phrase is one sentence of the list, and what is said instead.
type phrase struct {
	heard *regexp.Regexp
	said  string
}

type phrases []phrase

// compile reads lines of "sentence" or "sentence => what is said". {name} stands for one GraphQL name, {type} for a type,
// {word} for a token or a Go kind, {any} for what must not be repeated; $1 is the first name of the sentence.
func compile(lines string) (list phrases) {
	holes := strings.NewReplacer(
		`\{name\}`, `([_A-Za-z][_0-9A-Za-z]{0,63})`, `\{type\}`, `([][!_0-9A-Za-z]{1,80})`,
		`\{word\}`, `(?:[a-z0-9]{1,10}|<?[A-Z][A-Za-z]{1,12}>?|[][!$&().:=@{}|]{1,3})`, `\{any\}`, `.*`)
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		heard, said, _ := strings.Cut(line, " => ")
		list = append(list, phrase{regexp.MustCompile(`(?s)^` + holes.Replace(regexp.QuoteMeta(heard)) + `$`), said})
	}
	return list
}

func (list phrases) rewrite(message, otherwise string) string {
	for _, p := range list {
		match := p.heard.FindStringSubmatchIndex(message)
		switch {
		case match == nil:
		case p.said == "":
			return message
		default:
			return string(p.heard.ExpandString(nil, p.said, message, match))
		}
	}
	return otherwise
}
