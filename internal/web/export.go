package web

import (
	"bufio"
	"context"
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
		out := sheet{w: w, lines: bufio.NewWriter(w)}
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
	lines *bufio.Writer
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
		s.line(columns)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = quoted(harmless(row[i]))
		}
		s.line(row)
	}
	if err := s.lines.Flush(); err != nil { // also of what was written before
		return err
	}
	return control.Flush()
}

func (s *sheet) line(cells []string) {
	_, _ = s.lines.WriteString(strings.Join(cells, ",") + "\r\n") // Flush tells of what goes wrong
}

// quoted writes a cell in quotes, whatever is in it: what needs them is not the same for every program that opens the table.
func quoted(cell string) string {
	lines := strings.ReplaceAll(strings.ReplaceAll(cell, "\r", ""), "\n", "\r\n")
	return `"` + strings.ReplaceAll(lines, `"`, `""`) + `"`
}

// harmless keeps a spreadsheet from running a cell, or a part of one, as a formula. A program that takes semicolons or tabs for the
// ends of cells knows our quotes only at the beginning of a line: a part after one of these, or on a new line, is a cell of its own
// there. Signs of full width count as signs.
func harmless(cell string) string {
	var out strings.Builder
	begins := true
	for i, c := range cell {
		if begins && strings.ContainsRune("=+-@＝＋－＠", c) || i == 0 && strings.ContainsRune("\t\r\n", c) {
			out.WriteByte('\'')
		}
		begins = strings.ContainsRune(";\t\r\n", c) || begins && c == '"'
		out.WriteRune(c)
	}
	return out.String()
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
