// Package explorer is GraphiQL, built from npm into this folder's dist and embedded: a page for trying the API in a browser.
// It serves files and nothing else, loads nothing from elsewhere, and knows nothing of the API.
package explorer

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

// policy is what the page may do: run our files, draw with styles of its own making (the editor writes them as it goes),
// and talk to this origin. No eval, no inline script, nothing from elsewhere.
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; " +
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Missing says what a binary that was built without Node does not have.
const Missing = "This Keyhall was built without its explorer. Install Node 20.19 or later with npm, run make build, and start it again.\n" +
	"The API itself is at /graphql.\n"

// Built tells whether the page is in this binary.
func Built() bool { return built(dist) }

func built(files fs.FS) bool {
	_, err := fs.Stat(files, "dist/site/index.html.gz")
	return err == nil
}

// Handler serves /explorer and what is below it.
func Handler() http.Handler { return Serve(dist) }

// Serve is Handler out of other files, laid out as a build lays them out; without a page in them it says what to do.
func Serve(files fs.FS) http.Handler {
	if !built(files) {
		return http.HandlerFunc(missing)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, files) })
}

func missing(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, Missing)
}

func serve(w http.ResponseWriter, r *http.Request, files fs.FS) {
	name := strings.Trim(strings.TrimPrefix(r.URL.Path, "/explorer"), "/")
	if name == "" {
		name = "index.html"
	}
	packed, err := fs.ReadFile(files, path.Join("dist/site", name+".gz"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Type", contentType(name))
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // their names change with what is in them
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(packed))
		return
	}
	text, err := unpack(packed)
	if err != nil {
		http.Error(w, "a file of the explorer is damaged", http.StatusInternalServerError)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}

// contentType does not ask the machine, whose table may lack one.
func contentType(name string) string {
	known := map[string]string{
		".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".svg": "image/svg+xml", ".ttf": "font/ttf", ".woff2": "font/woff2",
	}
	if t, ok := known[path.Ext(name)]; ok {
		return t
	}
	return mime.TypeByExtension(path.Ext(name))
}

func unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
