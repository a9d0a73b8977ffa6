package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"iter"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/viewer"
)

// exports is the path below which lists are exported: POST, with the filter of the list as JSON.
const exports = "/v1/export/"

// Bounds of an export: of its filter, of how long a client may take over one page, and over all of them.
const (
	maxFilter     = 64 << 10
	exportPage    = 30 * time.Second
	exportInWhole = 10 * time.Minute
)

// Table is a list that can be exported: the names of its columns, and its rows, page by page. Its errors have a code.
type Table func(ctx context.Context, filter []byte) (columns []string, pages iter.Seq2[[][]string, error], err error)

// export answers with a list as CSV, a page at a time: memory does not grow with the list. When something goes wrong after the
// first page the connection is cut, so that nobody takes a part for the whole.
func (s *Site) export(name string, table Table) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		filter, err := readFilter(r)
		if err != nil {
			s.refuseExport(w, r, err)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), exportInWhole)
		defer cancel()
		columns, pages, err := table(ctx, filter)
		if err != nil {
			s.refuseExport(w, r, err)
			return
		}
		out := sheet{w: w, csv: csv.NewWriter(w)}
		out.csv.UseCRLF = true
		for rows, err := range pages {
			if err != nil && !out.begun {
				s.refuseExport(w, r, err)
				return
			}
			if err == nil {
				err = out.page(name, columns, rows)
			}
			if err != nil {
				s.Log.WarnContext(ctx, "an export was cut", "list", name, "error", err, "viewer", viewer.From(ctx))
				panic(http.ErrAbortHandler)
			}
		}
	})
}

func readFilter(r *http.Request) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, fault.BadInput("send the filter as application/json")
	}
	filter, err := io.ReadAll(io.LimitReader(r.Body, maxFilter+1))
	if err != nil || len(filter) > maxFilter {
		return nil, fault.BadInput("the filter did not arrive whole, or is too long")
	}
	return filter, nil
}

// sheet is an answer in the making.
type sheet struct {
	w     http.ResponseWriter
	csv   *csv.Writer
	begun bool
}

// page writes some rows, and the names of the columns before the first ones.
func (s *sheet) page(name string, columns []string, rows [][]string) error {
	control := http.NewResponseController(s.w)
	if err := control.SetWriteDeadline(time.Now().Add(exportPage)); err != nil {
		return err
	}
	if !s.begun {
		s.begun = true
		s.w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
		s.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
		if err := s.csv.Write(columns); err != nil {
			return err
		}
	}
	for _, row := range rows {
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := s.csv.Write(row); err != nil {
			return err
		}
	}
	s.csv.Flush()
	if err := s.csv.Error(); err != nil {
		return err
	}
	return control.Flush()
}

// harmless keeps a spreadsheet from running a cell as a formula.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// refuseExport answers like the GraphQL door does.
func (s *Site) refuseExport(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err)
	from := viewer.From(r.Context())
	if f.Code == fault.CodeInternal {
		s.Log.ErrorContext(r.Context(), "an export failed", "error", f, "viewer", from)
	}
	extensions := map[string]any{"code": string(f.Code), "requestId": from.RequestID}
	if f.RetryAfter > 0 {
		seconds := int(f.RetryAfter.Seconds())
		extensions["retryAfterSeconds"] = seconds
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(statusOf(f.Code))
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"message": f.Public, "extensions": extensions}}})
}

func statusOf(c fault.Code) int {
	status, ok := map[fault.Code]int{
		fault.CodeUnauthenticated: http.StatusUnauthorized, fault.CodeForbidden: http.StatusForbidden, fault.CodeNotFound: http.StatusNotFound,
		fault.CodeBadUserInput: http.StatusBadRequest, fault.CodeRateLimited: http.StatusTooManyRequests, fault.CodeTimeout: http.StatusServiceUnavailable,
	}[c]
	if !ok {
		return http.StatusInternalServerError
	}
	return status
}
