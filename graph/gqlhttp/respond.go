package gqlhttp

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const allowedMethods = "GET, HEAD, POST, OPTIONS"

// refusal is a request that is turned away before there is an operation.
type refusal struct {
	status     int
	code       string
	message    string
	allow      string // the Allow header, for 405
	acceptPost string // the Accept-Post header, for 415
}

func badRequest(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: CodeBadRequest, message: message}
}

// answer is one HTTP response, complete but for the request id of its errors.
type answer struct {
	status            int
	media             string
	allow, acceptPost string
	errors            gqlerror.List
	executed          bool // data is written, as null if there is none
	data              json.RawMessage
	extensions        map[string]any
	stream            *stream // instead of all that
}

func refuse(media string, no *refusal) answer {
	return answer{status: no.status, media: media, allow: no.allow, acceptPost: no.acceptPost, errors: oneError(no.code, no.message)}
}

// requestErrors answers for an operation that did not start, so it has no data entry.
// In plain application/json such an answer has status 200: the body alone says what happened.
func requestErrors(media string, errs gqlerror.List) answer {
	status := http.StatusOK
	if media != mediaJSON {
		status = requestErrorStatus(errs)
	}
	return answer{status: status, media: single(media), errors: errs}
}

func requestErrorStatus(errs gqlerror.List) int {
	switch codeOf(errs[0]) {
	case CodeUnauthenticated:
		return http.StatusUnauthorized
	case CodeForbidden:
		return http.StatusForbidden
	case CodeRateLimited:
		return http.StatusTooManyRequests
	case CodeInternal:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func result(media string, r *graphql.Response) answer {
	return answer{status: http.StatusOK, media: media, errors: r.Errors, executed: true, data: r.Data, extensions: r.Extensions}
}

func (a answer) write(w http.ResponseWriter, id string, headOnly bool) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept")
	if a.allow != "" {
		h.Set("Allow", a.allow)
	}
	if a.acceptPost != "" {
		h.Set("Accept-Post", a.acceptPost)
	}
	if a.status == http.StatusNoContent {
		w.WriteHeader(a.status)
		return
	}
	body, err := a.body(id)
	if err != nil { // an extension of the caller that is not JSON
		a = refuse(a.media, &refusal{status: http.StatusInternalServerError, code: CodeInternal, message: internalMessage})
		body, _ = a.body(id)
	}
	h.Set("Content-Type", a.media+"; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	if !headOnly {
		_, _ = w.Write(body) // the client may be gone; there is nobody to tell
	}
}

// body joins the parts by hand: json.Marshal of a Response would scan the data once more.
func (a answer) body(id string) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(a.data) + 64)
	b.WriteByte('{')
	if err := part(&b, "errors", stamped(a.errors, id), len(a.errors) > 0); err != nil {
		return nil, err
	}
	if a.executed {
		separate(&b)
		b.WriteString(`"data":`)
		if len(a.data) == 0 {
			b.WriteString("null")
		}
		b.Write(a.data)
	}
	if err := part(&b, "extensions", a.extensions, len(a.extensions) > 0); err != nil {
		return nil, err
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func part(b *bytes.Buffer, name string, v any, present bool) error {
	if !present {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	separate(b)
	b.WriteString(`"` + name + `":`)
	b.Write(text)
	return nil
}

func separate(b *bytes.Buffer) {
	if b.Len() > 1 {
		b.WriteByte(',')
	}
}
