package graph

import "github.com/keyhall/keyhall/internal/keyhall"

// changes of an organization: what is left out stays, null clears.
func (in UpdateOrganizationInput) changes() keyhall.UpdateOrganization {
	out := keyhall.UpdateOrganization{ID: in.ID, Name: in.Name, Slug: in.Slug}
	if address, set := in.BillingEmail.ValueOK(); set {
		out.BillingEmail = orZero(address)
	}
	return out
}

// invitedThere shows each outcome, with its link where there is one: this once.
func invitedThere(results []keyhall.OrganizationInvitation) []*OrganizationInvitationResult {
	out := make([]*OrganizationInvitationResult, len(results))
	for i, r := range results {
		out[i] = &OrganizationInvitationResult{Email: r.Email, Invitation: r.Invitation, Link: expose(r.Link), Error: r.Error}
	}
	return out
}
