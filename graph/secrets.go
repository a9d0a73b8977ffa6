package graph

import (
	"context"
	"unicode/utf8"

	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqljson"
	"github.com/99designs/gqlgen/graphql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/organization"
	"github.com/keyhall/keyhall/ent/predicate"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/ent/secretgrant"
	"github.com/keyhall/keyhall/ent/user"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/internal/viewer"
)

// secretsPage runs a page of secrets and announces its rows.
func secretsPage(ctx context.Context, q *ent.SecretQuery, w page.Window, o page.Order) (*ent.SecretConnection, error) {
	c, err := q.Eager(without(edgesOf(ctx), "owner")...).Page(ctx, w, o)
	if err != nil {
		return nil, err
	}
	memory := requestOf(ctx)
	for _, e := range c.Edges {
		memory.can[ent.TypeSecret].announce(e.Node.ID)
		memory.shared.announce(e.Node.ID)
		memory.owners.announce(e.Node.ID)
	}
	return c, nil
}

// grantsPage is the same of grants.
func grantsPage(ctx context.Context, q *ent.SecretGrantQuery, w page.Window) (*ent.SecretGrantConnection, error) {
	c, err := q.Eager(edgesOf(ctx)...).Page(ctx, w, oldest())
	if err != nil {
		return nil, err
	}
	for _, e := range c.Edges {
		requestOf(ctx).grantees.announce(e.Node.ID)
	}
	return c, nil
}

// sharedNow tells which of some secrets anybody has a live grant on.
func (r *Resolver) sharedNow(ctx context.Context, ids []string) (map[string]bool, error) {
	at, err := now(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := r.Reader.SecretGrant().Where(secretgrant.SecretIDIn(ids...), live(at)).All(ctx)
	out := map[string]bool{}
	for _, g := range rows {
		out[g.SecretID] = true
	}
	return out, err
}

func live(now int64) predicate.SecretGrant {
	return secretgrant.Or(secretgrant.ExpiresAt(0), secretgrant.ExpiresAtGT(now))
}

// where turns the filter of a list of secrets into predicates; they only narrow what the lock shows.
func (f *SecretFilter) where(ctx context.Context) ([]predicate.Secret, error) {
	if f == nil {
		return nil, nil
	}
	out := f.texts()
	if f.ID != nil {
		out = append(out, secret.ID(*f.ID))
	}
	if f.Ownership != nil {
		own := secret.OwnerID(viewer.From(ctx).UserID)
		if *f.Ownership == OwnershipSharedWithMe { // what is seen and not owned is seen by a grant
			own = secret.Not(own)
		}
		out = append(out, own)
	}
	if f.Status != nil && *f.Status == SecretStatusEnabled {
		out = append(out, secret.DisabledAt(0))
	}
	if f.Status != nil && *f.Status == SecretStatusDisabled {
		out = append(out, secret.DisabledAtGT(0))
	}
	if f.UsedAfter != nil {
		out = append(out, secret.LastUsedAtGT(f.UsedAfter.UnixMicro()))
	}
	if f.UsedBefore != nil {
		out = append(out, secret.LastUsedAtLT(f.UsedBefore.UnixMicro()))
	}
	if f.OrganizationID != nil { // not by the secret's own column: that would confirm a hidden organization
		out = append(out, secret.HasOrganizationWith(organization.ID(*f.OrganizationID)))
	}
	if f.Shared != nil {
		at, err := now(ctx)
		if err != nil {
			return nil, err
		}
		shared := secret.HasGrantsWith(live(at))
		if !*f.Shared {
			shared = secret.Not(shared)
		}
		out = append(out, shared)
	}
	return out, nil
}

// texts are the conditions on what people wrote.
func (f *SecretFilter) texts() (out []predicate.Secret) {
	part := func(of *string, contains func(string) predicate.Secret) {
		switch {
		case of == nil || *of == "":
		case utf8.RuneCountInString(*of) > longestMatch:
			out = append(out, func(s *sql.Selector) { s.Where(sql.False()) })
		default:
			out = append(out, contains(*of))
		}
	}
	tagged := func(tag string) predicate.Secret {
		return func(s *sql.Selector) { s.Where(sqljson.ValueContains(s.C(secret.FieldTags), tag)) }
	}
	part(f.Query, func(text string) predicate.Secret {
		return secret.Or(containing(secret.FieldName, text), containing(secret.FieldURL, text), containing(secret.FieldNotes, text), tagged(text))
	})
	part(f.Name, func(text string) predicate.Secret { return containing(secret.FieldName, text) })
	part(f.URL, func(text string) predicate.Secret { return containing(secret.FieldURL, text) })
	part(f.Tag, tagged)
	part(f.Owner, func(text string) predicate.Secret {
		return secret.HasOwnerWith(user.Or(user.NameContainsFold(text), user.UsernameContainsFold(text)))
	})
	return out
}

// order is the order of a list of secrets; without one the oldest come first.
func (o *SecretOrder) order() page.Order {
	if o == nil {
		return oldest()
	}
	column := secret.FieldCreatedAt
	switch o.Field {
	case SecretOrderFieldName:
		column = secret.FieldName
	case SecretOrderFieldLastUsedAt:
		column = secret.FieldLastUsedAt
	}
	return page.Order{Column: column, Desc: o.Direction == OrderDirectionDesc}
}

func (in CreateSecretInput) secret() keyhall.CreateSecret {
	return keyhall.CreateSecret{
		OrganizationID: in.OrganizationID, Name: in.Name, URL: in.URL, ClientID: in.ClientID, ClientSecret: conceal(in.ClientSecret),
		Identifier: in.Identifier, Method: in.Method, Tags: in.Tags, Notes: in.Notes, ExpiresAt: in.ExpiresAt,
		ReasonRequired: in.ReasonRequired != nil && *in.ReasonRequired, NotifyOnReveal: in.NotifyOnReveal != nil && *in.NotifyOnReveal,
	}
}

// changes of a secret: what is left out stays, null clears.
func (in UpdateSecretInput) changes() keyhall.UpdateSecret {
	out := keyhall.UpdateSecret{
		ID: in.ID, Name: in.Name, URL: in.URL, ClientID: in.ClientID, ReasonRequired: in.ReasonRequired, NotifyOnReveal: in.NotifyOnReveal,
	}
	for _, c := range []struct {
		in  graphql.Omittable[*string]
		out **string
	}{{in.Identifier, &out.Identifier}, {in.Method, &out.Method}, {in.Notes, &out.Notes}} {
		if text, set := c.in.ValueOK(); set {
			*c.out = orZero(text)
		}
	}
	if text, set := in.ClientSecret.ValueOK(); set {
		out.ClientSecret = conceal(orZero(text))
	}
	if tags, set := in.Tags.ValueOK(); set {
		out.Tags = &tags
	}
	if at, set := in.ExpiresAt.ValueOK(); set {
		out.Expiry = &keyhall.Expiry{At: at}
	}
	return out
}

// conceal takes hold of a value on its way in.
func conceal(text *string) *keyring.Secret {
	if text == nil {
		return nil
	}
	s := keyring.NewSecret(*text)
	return &s
}
