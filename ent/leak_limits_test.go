package ent_test

import (
	"testing"

	"github.com/keyhall/keyhall/ent/apikey"
	"github.com/keyhall/keyhall/ent/organization"
	"github.com/keyhall/keyhall/ent/project"
	"github.com/keyhall/keyhall/ent/ratelimit"
	"github.com/keyhall/keyhall/ent/spendalert"
	"github.com/keyhall/keyhall/ent/spendlimit"
	"github.com/keyhall/keyhall/internal/apptest"
)

// waysOfLimits are the edges from and to limits.
func waysOfLimits() []way {
	return []way{
		{"APIKey", "rate_limits", "RateLimit", apikey.HasRateLimits(), func(id string) any { return apikey.HasRateLimitsWith(ratelimit.ID(id)) }, "SELECT api_key_id || '>' || id AS x FROM rate_limits WHERE api_key_id IS NOT NULL"},
		{"RateLimit", "api_key", "APIKey", ratelimit.HasAPIKey(), func(id string) any { return ratelimit.HasAPIKeyWith(apikey.ID(id)) }, "SELECT id || '>' || api_key_id AS x FROM rate_limits WHERE api_key_id IS NOT NULL"},
		{"Project", "rate_limits", "RateLimit", project.HasRateLimits(), func(id string) any { return project.HasRateLimitsWith(ratelimit.ID(id)) }, "SELECT project_id || '>' || id AS x FROM rate_limits WHERE project_id IS NOT NULL"},
		{"RateLimit", "project", "Project", ratelimit.HasProject(), func(id string) any { return ratelimit.HasProjectWith(project.ID(id)) }, "SELECT id || '>' || project_id AS x FROM rate_limits WHERE project_id IS NOT NULL"},
		{"Organization", "rate_limits", "RateLimit", organization.HasRateLimits(), func(id string) any { return organization.HasRateLimitsWith(ratelimit.ID(id)) }, "SELECT organization_id || '>' || id AS x FROM rate_limits WHERE organization_id IS NOT NULL"},
		{"RateLimit", "organization", "Organization", ratelimit.HasOrganization(), func(id string) any { return ratelimit.HasOrganizationWith(organization.ID(id)) }, "SELECT id || '>' || organization_id AS x FROM rate_limits WHERE organization_id IS NOT NULL"},
		{"APIKey", "spend_limits", "SpendLimit", apikey.HasSpendLimits(), func(id string) any { return apikey.HasSpendLimitsWith(spendlimit.ID(id)) }, "SELECT api_key_id || '>' || id AS x FROM spend_limits WHERE api_key_id IS NOT NULL"},
		{"SpendLimit", "api_key", "APIKey", spendlimit.HasAPIKey(), func(id string) any { return spendlimit.HasAPIKeyWith(apikey.ID(id)) }, "SELECT id || '>' || api_key_id AS x FROM spend_limits WHERE api_key_id IS NOT NULL"},
		{"Project", "spend_limits", "SpendLimit", project.HasSpendLimits(), func(id string) any { return project.HasSpendLimitsWith(spendlimit.ID(id)) }, "SELECT project_id || '>' || id AS x FROM spend_limits WHERE project_id IS NOT NULL"},
		{"SpendLimit", "project", "Project", spendlimit.HasProject(), func(id string) any { return spendlimit.HasProjectWith(project.ID(id)) }, "SELECT id || '>' || project_id AS x FROM spend_limits WHERE project_id IS NOT NULL"},
		{"Organization", "spend_limits", "SpendLimit", organization.HasSpendLimits(), func(id string) any { return organization.HasSpendLimitsWith(spendlimit.ID(id)) }, "SELECT organization_id || '>' || id AS x FROM spend_limits WHERE organization_id IS NOT NULL"},
		{"SpendLimit", "organization", "Organization", spendlimit.HasOrganization(), func(id string) any { return spendlimit.HasOrganizationWith(organization.ID(id)) }, "SELECT id || '>' || organization_id AS x FROM spend_limits WHERE organization_id IS NOT NULL"},
		{"APIKey", "spend_alerts", "SpendAlert", apikey.HasSpendAlerts(), func(id string) any { return apikey.HasSpendAlertsWith(spendalert.ID(id)) }, "SELECT api_key_id || '>' || id AS x FROM spend_alerts WHERE api_key_id IS NOT NULL"},
		{"SpendAlert", "api_key", "APIKey", spendalert.HasAPIKey(), func(id string) any { return spendalert.HasAPIKeyWith(apikey.ID(id)) }, "SELECT id || '>' || api_key_id AS x FROM spend_alerts WHERE api_key_id IS NOT NULL"},
		{"Project", "spend_alerts", "SpendAlert", project.HasSpendAlerts(), func(id string) any { return project.HasSpendAlertsWith(spendalert.ID(id)) }, "SELECT project_id || '>' || id AS x FROM spend_alerts WHERE project_id IS NOT NULL"},
		{"SpendAlert", "project", "Project", spendalert.HasProject(), func(id string) any { return spendalert.HasProjectWith(project.ID(id)) }, "SELECT id || '>' || project_id AS x FROM spend_alerts WHERE project_id IS NOT NULL"},
		{"Organization", "spend_alerts", "SpendAlert", organization.HasSpendAlerts(), func(id string) any { return organization.HasSpendAlertsWith(spendalert.ID(id)) }, "SELECT organization_id || '>' || id AS x FROM spend_alerts WHERE organization_id IS NOT NULL"},
		{"SpendAlert", "organization", "Organization", spendalert.HasOrganization(), func(id string) any { return spendalert.HasOrganizationWith(organization.ID(id)) }, "SELECT id || '>' || organization_id AS x FROM spend_alerts WHERE organization_id IS NOT NULL"},
	}
}

// limit gives limits to things that ada sees and to things that she does not, and rows of what no one may query.
func (w *world) limit(t *testing.T, keys map[string]*apptest.Actor) {
	t.Helper()
	limits := `mutation($id: ID!) { updateLimits(input: {targetId: $id, rates: [{requests: 7, windowSeconds: 60}], spend: {amount: "7", currency: "USD"},
		alerts: [{percent: 50, emails: ["a@b.example"]}]}) { errors { code } } }`
	for _, things := range []map[string]*apptest.Actor{keys, {w.ada.Project: w.ada, w.ben.Project: w.ben, w.ada.Home: w.ada, w.cleo.Home: w.cleo}} {
		for id, who := range things {
			who.Must(t, limits, apptest.Vars{"id": id})
		}
	}
	w.SQL(t, "INSERT INTO spend_accounts (id, created_at, scope_id, month, granted, lost) VALUES ('spc_1', 1, ?, 202611, 1, 0)", w.ada.Project)
	w.SQL(t, "INSERT INTO spend_leases (id, created_at, scope_id, month, holder, amount, expires_at) VALUES ('sps_1', 1, ?, 202611, 'prc_1', 1, 9000000000000000)", w.ada.Project)
	w.SQL(t, "INSERT INTO webhooks (id, created_at, alert_id, url, body, state, attempts, next_attempt_at, last_error) VALUES ('whk_1', 1, 'spa_1', 'https://x.example', '{}', 'SENT', 1, 0, '')")
}
