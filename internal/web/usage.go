package web

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/keyhall/keyhall/internal/usage"
)

// Reports takes costs that are known only after the request.
type Reports interface {
	Report(ctx context.Context, projectID string, r usage.Report) error
}

// report is the body of POST /v1/usage, and its answer.
type report struct {
	KeyID     string `json:"keyId"`
	RequestID string `json:"requestId"`
	Cost      int64  `json:"cost"`
}

// report answers POST /v1/usage: 200 with what was reported, also when it is reported again.
func (s *Site) report(w http.ResponseWriter, r *http.Request) {
	who, err := s.caller(r, true)
	if err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	body, err := readQuestion(w, r)
	if err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	var in report
	if err := decodeQuestion(body, &in, "send one JSON object with keyId, requestId and cost"); err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	err = s.Gateways.Reports.Report(r.Context(), who.ProjectID, usage.Report{KeyID: in.KeyID, RequestID: in.RequestID, Units: in.Cost})
	if err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	privately(w.Header())
	_ = json.NewEncoder(w).Encode(in)
}
