package keyhall

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/spendlimit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/policy/lock"
)

// priceable refuses a price in another currency than a spend limit that holds for the keys of the project: of that one nobody could say how
// much is left, and whatever costs something would be refused.
func (in UpdateProject) priceable(ctx context.Context, tx *ent.Tx, p *ent.Project) error {
	if in.UnitPrice == nil || in.price(p) == PriceOf(p) || in.price(p).Amount == 0 && in.price(p).Currency == p.Currency {
		return nil
	}
	to := in.price(p).Currency
	limits, err := tx.SpendLimit.Query().Where(spendlimit.CurrencyNEQ(to)).All(lock.SpendLimitsOver(ctx, p.ID))
	if err != nil || len(limits) == 0 {
		return err
	}
	var of []string
	for _, l := range limits {
		if whose := limitedBy(l); !slices.Contains(of, whose) {
			of = append(of, whose)
		}
	}
	slices.Sort(of)
	return fault.Refuse(fault.Invalid, fmt.Sprintf("a spend limit is in %s, of: %s; remove it with updateLimits first, and set it again in %s once the price is changed",
		limits[0].Currency, strings.Join(of, ", "), to), "input", "unitPrice", "currency")
}

func limitedBy(l *ent.SpendLimit) string {
	switch {
	case l.APIKeyID != nil:
		return "a key of the project"
	case l.ProjectID != nil:
		return "the project"
	}
	return "the organization"
}
