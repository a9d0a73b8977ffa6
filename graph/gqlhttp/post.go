package gqlhttp

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

// readPost reads an operation from a JSON body. JSON is the only content type: a form of another site cannot
// send it without the browser asking first.
func readPost(w http.ResponseWriter, r *http.Request, limit int64) (*graphql.RawParams, *refusal) {
	if no := unsupportedBody(r.Header); no != nil {
		return nil, no
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, code: CodeBodyTooLarge,
			message: fmt.Sprintf("The request body is larger than %d bytes.", limit)}
	case err != nil:
		return nil, badRequest("The request body could not be read.")
	}
	return decodeBody(body)
}

func unsupportedBody(h http.Header) *refusal {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	encoding := h.Get("Content-Encoding")
	if err == nil && media == mediaJSON && isUTF8(params["charset"]) &&
		(encoding == "" || strings.EqualFold(encoding, "identity")) {
		return nil
	}
	return &refusal{status: http.StatusUnsupportedMediaType, code: CodeBadRequest, acceptPost: mediaJSON,
		message: "Send " + mediaJSON + " in UTF-8, not compressed."}
}
