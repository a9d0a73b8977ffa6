package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/usage"
)

const maxReport = 4 << 10

// Reports takes costs that are known only after the request.
type Reports interface {
	Report(ctx context.Context, projectID string, r usage.Report) error
}

// Reporting is the door for who reports them: a verifier of a project, and of no other.
type Reporting struct {
	Reports Reports
	Caller  func(r *http.Request) (projectID string, err error)
	Refuse  func(w http.ResponseWriter, r *http.Request, err error)
}

// ServeHTTP answers POST /v1/usage: 200 with what was reported, also when it is reported again.
func (d Reporting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	projectID, err := d.Caller(r)
	if err != nil {
		d.Refuse(w, r, err)
		return
	}
	var in struct {
		KeyID     string `json:"keyId"`
		RequestID string `json:"requestId"`
		Cost      int64  `json:"cost"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxReport))
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err = decoder.Decode(&in); err == nil && decoder.More() {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil {
		d.Refuse(w, r, fault.BadInput("send one JSON object with keyId, requestId and cost, of 4 KiB at most"))
		return
	}
	err = d.Reports.Report(r.Context(), projectID, usage.Report{KeyID: in.KeyID, RequestID: in.RequestID, Units: in.Cost})
	if err != nil {
		d.refused(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(in)
}

// refused answers what else there is to say of a report than of a request: 404 and 409.
func (d Reporting) refused(w http.ResponseWriter, r *http.Request, err error) {
	status, code, message := http.StatusConflict, string(fault.IdempotencyMismatch), "this request id was reported with another cost"
	switch {
	case fault.Refused(err, fault.IdempotencyMismatch):
	case fault.From(err).Code == fault.CodeNotFound:
		status, code, message = http.StatusNotFound, string(fault.CodeNotFound), "the project has no such key"
	case fault.From(err).Code == fault.CodeConflict:
		code, message = string(fault.CodeConflict), fault.From(err).Public
	default:
		d.Refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"message": message, "extensions": map[string]any{"code": code}}}})
}
