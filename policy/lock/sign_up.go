package lock

import (
	"context"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The duties of new accounts.

// Account names the rows that one sign-up makes: a user, their personal organization and its default project.
type Account struct{ UserID, OrganizationID, ProjectID string }

// SignUp writes a new account: nobody's but an ordinary one, whose address is not verified.
func SignUp(ctx context.Context, a Account) context.Context {
	return core.WithDuty(ctx, newAccount("sign_up", a, false, false))
}

// SignUpProven is SignUp for who followed a link that was mailed to the address.
func SignUpProven(ctx context.Context, a Account) context.Context {
	return core.WithDuty(ctx, newAccount("sign_up.proven", a, false, true))
}

// SetUp writes the account of the administrator, for who holds the set-up link.
func SetUp(ctx context.Context, a Account) context.Context {
	return core.WithDuty(ctx, newAccount("set_up", a, true, true))
}

func newAccount(name string, a Account, administrator, proven bool) core.Duty {
	return core.Duty{Name: name, Writes: []core.Write{
		core.Create("User", pins{
			"id": a.UserID, "personal_organization_id": a.OrganizationID,
			"administrator": administrator, "email_verified": proven,
		}),
		core.Create("Credential", pins{"user_id": a.UserID}),
		core.Create("Organization", pins{"id": a.OrganizationID, "personal": true}),
		core.Create("OrganizationMember", pins{"organization_id": a.OrganizationID, "user_id": a.UserID, "role": "OWNER"}),
		core.Create("Project", pins{"id": a.ProjectID, "organization_id": a.OrganizationID, "is_default": true}),
		core.Create("ProjectMember", pins{"project_id": a.ProjectID, "user_id": a.UserID, "role": "OWNER"}),
		core.Create("Mail", pins{"user_id": a.UserID, "resource_id": a.UserID, "kind": "verify_email"}),
		core.Create(AuditType, pins{"actor_id": a.UserID, "outcome": "DONE", "type": "user.signed_up"}),
	}}
}

// KnownAddress tells the holder of an account that somebody signed up with their address.
func KnownAddress(ctx context.Context, userID string) context.Context {
	return core.WithDuty(ctx, knownAddress(userID))
}

func knownAddress(userID string) core.Duty {
	return core.Duty{Name: "known_address", Writes: []core.Write{
		core.Create("Mail", pins{"user_id": userID, "kind": "known_address"}),
	}}
}
