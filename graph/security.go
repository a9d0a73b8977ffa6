package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/jwtkey"
	"github.com/keyhall/keyhall/ent/securitysettings"
	"github.com/keyhall/keyhall/internal/keyhall"
)

// securitySettings of a page of keys.
func (r *Resolver) securitySettings(ctx context.Context, ids []string) (map[string]*ent.SecuritySettings, error) {
	rows, err := r.Reader.SecuritySettings().Where(securitysettings.APIKeyIDIn(ids...)).All(ctx)
	out := map[string]*ent.SecuritySettings{}
	for _, row := range rows {
		out[row.APIKeyID] = row
	}
	return out, err
}

// jwtKeys of a page of keys, each list in its order.
func (r *Resolver) jwtKeys(ctx context.Context, ids []string) (map[string][]*ent.JWTKey, error) {
	rows, err := r.Reader.JWTKey().Where(jwtkey.APIKeyIDIn(ids...)).Order(ent.Asc(jwtkey.FieldPosition)).All(ctx)
	out := map[string][]*ent.JWTKey{}
	for _, row := range rows {
		out[row.APIKeyID] = append(out[row.APIKeyID], row)
	}
	return out, err
}

// changes of security settings: what is left out stays, null clears.
func (in UpdateSecuritySettingsInput) changes() keyhall.UpdateSecuritySettings {
	return keyhall.UpdateSecuritySettings{
		APIKeyID:                  in.APIKeyID,
		RequireSecret:             flagOf(in.RequireSecret),
		SecretOverridesAllowlists: flagOf(in.SecretOverridesAllowlists),
		Origins:                   listOf(in.Origins),
		UserAgents:                listOf(in.UserAgents),
		Methods:                   listOf(in.Methods),
		Addresses:                 listOf(in.Addresses),
		RequireJWT:                flagOf(in.RequireJwt),
		JWTKeys:                   listOf(in.JwtKeys),
	}
}

func flagOf(o graphql.Omittable[*bool]) *bool {
	if v, set := o.ValueOK(); set {
		return orZero(v)
	}
	return nil
}

func listOf[T any](o graphql.Omittable[[]T]) *[]T {
	if v, set := o.ValueOK(); set {
		return &v
	}
	return nil
}
