package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/serviceaccount"
	"github.com/keyhall/keyhall/internal/allow"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/policy/lock"
)

// readKey reads all that a request with a key is held against, but for what few requests bring along (proof.go). NotFound is that
// there is no such key.
func (v *Verifier) readKey(ctx context.Context, lookup string) (e entry, err error) {
	duty := lock.VerifyLookup(ctx, lookup)
	hash, err := v.Client.APIKeyHash.Query().Only(duty)
	if err != nil {
		return e, err
	}
	k, err := v.Client.APIKey.Query().Where(apikey.ID(hash.APIKeyID)).WithProject().WithSecuritySettings().Only(duty)
	if err != nil {
		return e, err
	}
	if err := e.of(k.ID, hash.Hash); err != nil {
		return e, err
	}
	p := k.Edges.Project
	if p == nil {
		return e, fmt.Errorf("key %s has no project", k.ID)
	}
	e.disabled, e.expires, e.terms = k.DisabledAt != 0, ends(k), &terms{pepper: hash.PepperID, archived: p.ArchivedAt != 0}
	e.terms.key = traffic.Key{
		ProjectID: p.ID, OrganizationID: p.OrganizationID, Environment: environment(p.Environment),
		Strict: k.Metering == apikey.MeteringSTRICT, UnitPrice: p.UnitPrice, Currency: p.Currency,
	}
	if e.ownerUntil, e.terms.key.OwnerID, err = v.readOwner(ctx, duty, k); err != nil {
		return e, fmt.Errorf("look whether the owner of key %s stands: %w", k.ID, err)
	}
	if e.terms.rules, err = rulesOf(k); err != nil {
		return e, err
	}
	return e, v.readLimits(duty, &e.terms.key)
}

// ends is when a key stops by itself: at its own end, or that of the grace that it has beside the one that replaced it.
func ends(k *ent.APIKey) int64 {
	end := never
	for _, at := range []int64{k.ExpiresAt, k.GraceExpiresAt} {
		if at != 0 {
			end = min(end, at)
		}
	}
	return end
}

// environment is one text for all keys.
func environment(e project.Environment) string {
	for _, known := range []project.Environment{project.EnvironmentPRODUCTION, project.EnvironmentSTAGING, project.EnvironmentDEVELOPMENT} {
		if e == known {
			return string(known)
		}
	}
	return string(e)
}

// readOwner is until when the owner of a key stands, who is a person or a service account.
func (v *Verifier) readOwner(ctx, duty context.Context, k *ent.APIKey) (until int64, id string, err error) {
	switch {
	case k.ServiceAccountID != nil:
		account, err := v.Client.ServiceAccount.Query().Where(serviceaccount.ID(*k.ServiceAccountID)).Only(duty)
		if err != nil || account.DisabledAt != 0 || account.ProjectID != k.ProjectID {
			return always, *k.ServiceAccountID, ent.MaskNotFound(err)
		}
		return never, *k.ServiceAccountID, nil
	case k.OwnerID == nil:
		return always, "", nil
	}
	until, err = v.ownerStands(lock.VerifyOwner(ctx, k.ID), k)
	return until, *k.OwnerID, err
}

func (v *Verifier) ownerStands(duty context.Context, k *ent.APIKey) (until int64, err error) {
	stands, err := v.Client.APIKey.Query().Exist(duty)
	if err != nil || stands {
		return never, err
	}
	if k.Kind == apikey.KindPERSONAL {
		return always, nil
	}
	places, err := v.Client.GroupMember.Query().All(duty)
	for _, place := range places {
		if place.ExpiresAt == 0 {
			return never, err
		}
		until = max(until, place.ExpiresAt)
	}
	return until, err
}

// rulesOf reads what is set about a key; nil when nothing is.
func rulesOf(k *ent.APIKey) (*rules, error) {
	s := k.Edges.SecuritySettings
	if len(s) != 1 {
		return nil, fmt.Errorf("key %s has %d rows of security settings", k.ID, len(s))
	}
	r := &rules{requireSecret: s[0].RequireSecret, requireJWT: s[0].RequireJwt, secretOverrides: s[0].SecretOverridesAllowlists, scopes: k.Scopes}
	err := r.set(lists{s[0].Origins, s[0].UserAgents, s[0].Methods, s[0].Addresses})
	if err != nil {
		return nil, fmt.Errorf("the allowlists of key %s cannot be read: %w", k.ID, err)
	}
	if !r.requireSecret && !r.requireJWT && len(r.scopes) == 0 && !r.listed() {
		return nil, nil
	}
	return r, nil
}

// lists are four allowlists as they are written.
type lists struct{ origins, userAgents, methods, addresses []string }

// set takes the lists that are not nil in the place of those there are.
func (r *rules) set(l lists) (err error) {
	if r.lists.Origins, err = parsed(l.origins, allow.ParseOrigin, r.lists.Origins); err != nil {
		return err
	}
	if r.lists.UserAgents, err = parsed(l.userAgents, allow.ParseAgent, r.lists.UserAgents); err != nil {
		return err
	}
	if r.lists.Methods, err = parsed(l.methods, allow.ParseMethod, r.lists.Methods); err != nil {
		return err
	}
	r.lists.Addresses, err = parsed(l.addresses, allow.ParseNetwork, r.lists.Addresses)
	return err
}

func parsed[E comparable](entries []string, parse func(string) (E, error), instead []E) ([]E, error) {
	if entries == nil {
		return instead, nil
	}
	out, faults := allow.Parse(entries, parse)
	if len(faults) > 0 {
		return nil, faults[0]
	}
	return out, nil
}

func (r *rules) listed() bool {
	return len(r.lists.Origins)+len(r.lists.UserAgents)+len(r.lists.Methods)+len(r.lists.Addresses) > 0
}

// readLimits reads what the key, its project and its organization are limited to.
func (v *Verifier) readLimits(duty context.Context, key *traffic.Key) error {
	rates, err := v.Client.RateLimit.Query().All(duty)
	if err != nil {
		return fmt.Errorf("read the rate limits of a key: %w", err)
	}
	for _, r := range rates {
		key.Rates = append(key.Rates, traffic.Rate{Scope: traffic.Scope(r.APIKeyID, r.ProjectID, r.OrganizationID), Requests: r.Requests, Window: time.Duration(r.WindowSeconds) * time.Second})
	}
	spends, err := v.Client.SpendLimit.Query().All(duty)
	if err != nil {
		return fmt.Errorf("read the spend limits of a key: %w", err)
	}
	for _, s := range spends {
		key.Spends = append(key.Spends, traffic.Spend{Scope: traffic.Scope(s.APIKeyID, s.ProjectID, s.OrganizationID), Amount: s.Amount, Currency: s.Currency})
	}
	return nil
}
