package verify

import (
	"context"
	"slices"

	"github.com/keyhall/keyhall/internal/allow"
	"github.com/keyhall/keyhall/internal/traffic"
)

// check holds a request against a key, in the order of the codes: the first that holds is answered.
func (v *Verifier) check(ctx context.Context, e *entry, r Request, now int64) (traffic.Code, error) {
	switch {
	case e.terms.archived:
		return traffic.ProjectArchived, nil
	case now >= e.ownerUntil:
		return traffic.OwnerLostAccess, nil
	case e.disabled:
		return traffic.Disabled, nil
	case now >= e.expires:
		return traffic.Expired, nil
	}
	asked := rules{}
	if e.terms.rules != nil {
		asked = *e.terms.rules
	}
	code, err := v.checkSecret(ctx, e, asked, r, now)
	if code != traffic.Valid || err != nil {
		return code, err
	}
	if code, err = v.checkJWT(ctx, e, &asked, r, now); code != traffic.Valid || err != nil {
		return code, err
	}
	if secret := !r.Secret.IsZero(); !secret || !asked.secretOverrides {
		if code := refusals(asked.lists.RefusedBy(allow.Request{Origin: r.Origin, UserAgent: r.UserAgent, Method: r.Method, Address: r.Address})); code != traffic.Valid {
			return code, nil
		}
	}
	for _, scope := range r.Scopes {
		if !slices.Contains(asked.scopes, scope) {
			return traffic.InsufficientPermissions, nil
		}
	}
	return traffic.Valid, nil
}

func refusals(list allow.List) traffic.Code {
	switch list {
	case allow.None:
		return traffic.Valid
	case allow.Origins:
		return traffic.OriginNotAllowed
	case allow.UserAgents:
		return traffic.UserAgentNotAllowed
	case allow.Methods:
		return traffic.MethodNotAllowed
	}
	return traffic.AddressNotAllowed
}

// checkSecret wants the secret where it is required, and never lets a wrong one pass.
func (v *Verifier) checkSecret(ctx context.Context, e *entry, asked rules, r Request, now int64) (traffic.Code, error) {
	switch {
	case r.Secret.IsZero() && asked.requireSecret:
		return traffic.SecretRequired, nil
	case r.Secret.IsZero():
		return traffic.Valid, nil
	}
	p, err := v.proofOf(ctx, e)
	if err != nil {
		return "", err
	}
	if !p.knows(v.Keys, r.Secret, now) {
		return traffic.SecretInvalid, nil
	}
	return traffic.Valid, nil
}

// checkJWT wants a token where it is required, and never lets a wrong one pass. What it says about origins, user agents, methods
// and addresses counts in the place of what is set about the key.
func (v *Verifier) checkJWT(ctx context.Context, e *entry, asked *rules, r Request, now int64) (traffic.Code, error) {
	switch {
	case r.JWT.IsZero() && asked.requireJWT:
		return traffic.JWTInvalid, nil
	case r.JWT.IsZero():
		return traffic.Valid, nil
	}
	p, err := v.proofOf(ctx, e)
	if err != nil {
		return "", err
	}
	claimed, ok := p.claims(r.JWT, e.keyID(), now)
	if !ok || asked.set(claimed) != nil {
		return traffic.JWTInvalid, nil
	}
	return traffic.Valid, nil
}
