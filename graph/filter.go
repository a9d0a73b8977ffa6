package graph

import (
	"context"
	"unicode/utf8"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqljson"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/auditevent"
	"github.com/keyhall/keyhall/ent/collaborator"
	"github.com/keyhall/keyhall/ent/predicate"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/internal/viewer"
)

// where turns the filter of a list of keys into predicates; they only narrow what the lock shows.
func (f *APIKeyFilter) where(ctx context.Context) ([]predicate.APIKey, error) {
	if f == nil {
		return nil, nil
	}
	var out []predicate.APIKey
	if f.Query != nil && *f.Query != "" {
		out = append(out, matching(*f.Query))
	}
	if f.Ownership != nil {
		me := viewer.From(ctx).UserID
		if *f.Ownership == OwnershipOwned {
			out = append(out, apikey.OwnerID(me))
		} else {
			out = append(out, apikey.HasCollaboratorsWith(collaborator.UserID(me)))
		}
	}
	if f.OrganizationID != nil {
		out = append(out, apikey.HasProjectWith(project.OrganizationID(*f.OrganizationID)))
	}
	if f.ProjectID != nil {
		out = append(out, apikey.HasProjectWith(project.ID(*f.ProjectID))) // not by the key's own column: that would confirm a hidden project
	}
	if f.Environment != nil {
		out = append(out, apikey.HasProjectWith(project.EnvironmentEQ(*f.Environment)))
	}
	if f.Kind != nil {
		out = append(out, apikey.KindEQ(*f.Kind))
	}
	if f.Status != nil {
		now, err := now(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, inState(*f.Status, now))
	}
	if f.ExpiresBefore != nil {
		out = append(out, apikey.ExpiresAtGT(0), apikey.ExpiresAtLT(f.ExpiresBefore.UnixMicro()))
	}
	if f.UnusedSince != nil {
		out = append(out, apikey.LastUsedAtLT(f.UnusedSince.UnixMicro()))
	}
	return out, nil
}

// longestMatch is the longest text that can be part of a name or a description; SQLite also limits its patterns.
const longestMatch = 2000

// containing is a column with a text somewhere in it, in capitals or not. SQLite's LIKE makes no difference between them
// already; to have it make small letters of each row's text first, as Ent does, only takes time.
func containing(column, text string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		like := sql.ContainsFold
		if s.Dialect() == dialect.SQLite {
			like = sql.Contains
		}
		s.Where(like(s.C(column), text))
	}
}

func matching(text string) predicate.APIKey {
	if utf8.RuneCountInString(text) > longestMatch {
		return func(s *sql.Selector) { s.Where(sql.False()) }
	}
	return apikey.Or(
		containing(apikey.FieldName, text),
		containing(apikey.FieldDescription, text),
		apikey.StartHasPrefix(text),
		func(s *sql.Selector) { s.Where(sqljson.ValueContains(s.C(apikey.FieldTags), text)) },
	)
}

// order is the order of a list of keys; without one the oldest come first.
func (o *APIKeyOrder) order() page.Order {
	if o == nil {
		return oldest()
	}
	column := apikey.FieldCreatedAt
	switch o.Field {
	case APIKeyOrderFieldName:
		column = apikey.FieldName
	case APIKeyOrderFieldLastUsedAt:
		column = apikey.FieldLastUsedAt
	}
	return page.Order{Column: column, Desc: o.Direction == OrderDirectionDesc}
}

// where turns the filter of the audit log into predicates. People and projects that the viewer does not see select nothing:
// an event does not show whose id its actor has, and a filter must not confirm it.
func (f *AuditFilter) where(ctx context.Context, read ent.Reader) ([]predicate.AuditEvent, error) {
	if f == nil {
		return nil, nil
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	out := f.plain()
	if f.ActorIds != nil {
		seen, err := read.User().Where(user.IDIn(f.ActorIds...)).IDs(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, auditevent.ActorIDIn(seen...))
	}
	if f.ProjectID != nil {
		seen, err := read.Project().Where(project.ID(*f.ProjectID)).IDs(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, auditevent.ProjectIDIn(seen...))
	}
	return out, nil
}

func (f *AuditFilter) check() error {
	for name, n := range map[string]int{"types": len(f.Types), "actorIds": len(f.ActorIds), "resourceIds": len(f.ResourceIds)} {
		if n > page.MaxSize {
			return fault.BadInput("at most 100 at a time", "filter", name)
		}
	}
	if f.From != nil && f.To != nil && !f.From.Before(*f.To) {
		return fault.BadInput("a range begins before it ends", "filter", "from")
	}
	return nil
}

// plain are the conditions on what an event shows itself.
func (f *AuditFilter) plain() []predicate.AuditEvent {
	var out []predicate.AuditEvent
	if f.Types != nil {
		out = append(out, auditevent.TypeIn(f.Types...))
	}
	if f.ResourceIds != nil {
		out = append(out, auditevent.ResourceIDIn(f.ResourceIds...))
	}
	if f.Outcome != nil {
		out = append(out, auditevent.OutcomeEQ(*f.Outcome))
	}
	if f.From != nil {
		out = append(out, auditevent.CreatedAtGTE(f.From.UnixMicro()))
	}
	if f.To != nil {
		out = append(out, auditevent.CreatedAtLT(f.To.UnixMicro()))
	}
	return out
}
