package web

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/usage"
)

// Reports takes costs that are known only after the request.
type Reports interface {
	Report(ctx context.Context, projectID string, r usage.Report) (traffic.Code, error)
}

// report is the body of POST /v1/usage.
type report struct {
	KeyID     string `json:"keyId"`
	RequestID string `json:"requestId"`
	Cost      int64  `json:"cost"`
}

// reported is its answer: with SPEND_LIMIT_REACHED it is counted too, and a limit has nothing left.
type reported struct {
	report
	Code traffic.Code `json:"code"`
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
	code, err := s.Gateways.Reports.Report(r.Context(), who.ProjectID, usage.Report{KeyID: in.KeyID, RequestID: in.RequestID, Units: in.Cost})
	if err != nil {
		s.refuseGateway(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	privately(w.Header())
	_ = json.NewEncoder(w).Encode(reported{in, code})
}
