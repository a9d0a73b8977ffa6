// Package landing is the pages that links in mails and on the terminal lead to: answer an invitation, verify an address,
// choose a password, sign in, make the administrator, open a one-time link. They are static files without a framework and ask the GraphQL API as
// anybody does. Fetching one changes nothing, and a token of a link is never part of an address that is asked for.
package landing

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"time"
)

//go:embed site
var site embed.FS

// policy is what a page may do: run our files and talk to this origin. No text of anybody becomes markup (trusted types).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// page is one of them: a shell, and the script that fills it.
type page struct {
	Title, Script string
	Explorer      bool
}

// Routes are the pages and what they load, by the pattern that they are served under. With an explorer they link to it.
func Routes(explorer bool) (map[string]http.Handler, error) {
	shell, err := template.ParseFS(site, "site/shell.html")
	if err != nil {
		return nil, fmt.Errorf("read the landing pages: %w", err)
	}
	routes := map[string]http.Handler{"GET /landing/{file}": http.HandlerFunc(file)}
	for at, p := range map[string]page{
		"GET /{$}":            {Title: "Keyhall", Script: "home"},
		"GET /sign-in":        {Title: "Sign in", Script: "home"},
		"GET /invitations":    {Title: "Invitation", Script: "invitations"},
		"GET /verify-email":   {Title: "Confirm your e-mail address", Script: "verify"},
		"GET /reset-password": {Title: "Choose a new password", Script: "reset"},
		"GET /share":          {Title: "A secret for you", Script: "share"},
		"GET /setup":          {Title: "Set up Keyhall", Script: "setup"},
	} {
		p.Explorer = explorer
		var text bytes.Buffer
		if err := shell.Execute(&text, p); err != nil {
			return nil, fmt.Errorf("write the landing page %s: %w", at, err)
		}
		routes[at] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			serve(w, r, "text/html; charset=utf-8", text.Bytes())
		})
	}
	return routes, nil
}

// file serves what the pages load.
func file(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	kind, known := map[string]string{
		".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	}[path.Ext(name)]
	text, err := site.ReadFile("site/" + name) // a name that climbs is no file of it
	if !known || err != nil {
		http.NotFound(w, r)
		return
	}
	serve(w, r, kind, text)
}

func serve(w http.ResponseWriter, r *http.Request, kind string, text []byte) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}
