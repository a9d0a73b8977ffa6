package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/internal/viewer"
)

// Exports are lists that are read whole, for the door that writes them as tables: the same rows as the list of the same
// filter, and none of their values.
type Exports struct{ Resolver *Resolver }

// secretColumns are those of the list of secrets (B19).
func secretColumns() []string {
	return []string{"ID", "Name", "URL", "Tags", "Shared", "Owner", "Last used", "Status"}
}

// Secrets are the secrets that the viewer may see, oldest first; filter is a SecretFilter as JSON, empty for all. Each page is
// read with the rights of that moment, and none once the viewer's session or token is over.
func (e Exports) Secrets(ctx context.Context, filter []byte) ([]string, iter.Seq2[[][]string, error], error) {
	if err := e.Resolver.House.BeginExport(ctx); err != nil {
		return nil, nil, faultOf(err)
	}
	which, err := secretFilter(filter)
	if err != nil {
		return nil, nil, err
	}
	return secretColumns(), func(yield func([][]string, error) bool) {
		for after, more := (*page.Cursor)(nil), true; more; {
			rows, info, err := e.secrets(ctx, which, after)
			if err != nil {
				yield(nil, faultOf(err))
				return
			}
			if !yield(rows, nil) {
				return
			}
			after, more = info.EndCursor, info.HasNextPage
		}
	}, nil
}

func secretFilter(text []byte) (*SecretFilter, error) {
	var f SecretFilter
	if len(bytes.TrimSpace(text)) == 0 {
		return &f, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fault.BadInput("this is no SecretFilter as JSON", "filter").Because(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fault.BadInput("one filter at a time", "filter")
	}
	return &f, nil
}

// secrets is one page as rows of text.
func (e Exports) secrets(ctx context.Context, which *SecretFilter, after *page.Cursor) ([][]string, page.Info, error) {
	r := e.Resolver
	if _, ok, err := r.Accounts.Standing(ctx, viewer.From(ctx)); err != nil || !ok {
		if err == nil {
			err = fault.Unauthenticated()
		}
		return nil, page.Info{}, err
	}
	ctx = r.inOperation(ctx)
	where, err := which.where(ctx)
	if err != nil {
		return nil, page.Info{}, err
	}
	size := page.MaxSize
	c, err := r.Reader.Secret().Where(where...).Page(ctx, page.Window{First: &size, After: after}, oldest())
	if err != nil {
		return nil, page.Info{}, err
	}
	rows, err := r.secretRows(ctx, c.Nodes())
	return rows, c.PageInfo, err
}

// inOperation is ctx for reading outside a GraphQL operation, with a memory that ends with the page.
func (r *Resolver) inOperation(ctx context.Context) context.Context {
	op := &operation{}
	op.memory.Store(r.newRequest())
	return context.WithValue(ctx, operationKey{}, op)
}

func (r *Resolver) secretRows(ctx context.Context, secrets []*ent.Secret) ([][]string, error) {
	ids := make([]string, len(secrets))
	for i, s := range secrets {
		ids[i] = s.ID
	}
	shared, err := r.sharedNow(ctx, ids)
	if err != nil {
		return nil, err
	}
	owners, err := r.House.SecretOwners(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([][]string, len(secrets))
	for i, s := range secrets {
		out[i] = []string{
			s.ID, s.Name, s.URL, strings.Join(s.Tags, ", "), either(shared[s.ID], "Yes", "No"), nameOf(owners[s.ID]), momentOf(s.LastUsedAt),
			either(s.DisabledAt == 0, "Enabled", "Disabled"),
		}
	}
	return out, nil
}

func either(yes bool, this, that string) string {
	if yes {
		return this
	}
	return that
}

func nameOf(u *ent.User) string {
	if u == nil { // whom the viewer does not see
		return ""
	}
	return u.Name
}

func momentOf(micros int64) string {
	if micros == 0 {
		return ""
	}
	return time.UnixMicro(micros).UTC().Format(time.RFC3339)
}
