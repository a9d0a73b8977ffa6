package usage

import (
	"context"
	"fmt"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/traffic"
)

// bill is what a report adds to the use of a key, and what it is held against.
type bill struct {
	cell
	sum
	holder traffic.Key
}

// bill reads whose cost it is, at the price of now.
func (r Report) bill(duty context.Context, tx *ent.Tx, projectID string, now int64) (b bill, err error) {
	key, err := tx.APIKey.Query().Where(apikey.ID(r.KeyID)).Only(duty)
	if ent.IsNotFound(err) {
		return b, fault.NotFound()
	}
	if err != nil {
		return b, err
	}
	within, err := tx.Project.Query().Where(project.ID(projectID)).Only(duty)
	if err != nil {
		return b, err
	}
	if within.UnitPrice > 0 && r.Units > traffic.MostCost/within.UnitPrice {
		return b, fault.BadInput("this is more than can be counted", "cost")
	}
	b.cell = cell{
		start: time.UnixMicro(now).Truncate(time.Minute).UnixMicro(), key: key.ID, project: within.ID, organization: within.OrganizationID,
		environment: string(within.Environment), member: ownerOf(key), outcome: string(traffic.Valid), currency: within.Currency,
	}
	b.sum = sum{units: r.Units, spend: r.Units * within.UnitPrice}
	b.holder = traffic.Key{
		ID: key.ID, ProjectID: within.ID, OrganizationID: within.OrganizationID, UnitPrice: within.UnitPrice, Currency: within.Currency,
	}
	b.holder.Spends, err = spends(duty, tx)
	return b, err
}

func ownerOf(key *ent.APIKey) string {
	for _, id := range []*string{key.OwnerID, key.ServiceAccountID} {
		if id != nil {
			return *id
		}
	}
	return ""
}

// spends are the spend limits that hold for the key: the duty sees no others.
func spends(duty context.Context, tx *ent.Tx) (out []traffic.Spend, err error) {
	limits, err := tx.SpendLimit.Query().All(duty)
	if err != nil {
		return nil, fmt.Errorf("read the spend limits of a key: %w", err)
	}
	for _, l := range limits {
		out = append(out, traffic.Spend{Scope: traffic.Scope(l.APIKeyID, l.ProjectID, l.OrganizationID), Amount: l.Amount, Currency: l.Currency})
	}
	return out, nil
}

// charge takes the cost out of what limits the key.
func (c *Counter) charge(ctx context.Context, tx *ent.Tx, b bill, units int64) (traffic.Code, error) {
	if c.config.Limits == nil {
		return traffic.Valid, nil
	}
	return c.config.Limits.Charge(ctx, tx, &b.holder, units)
}
