package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The duties of passwords.

// SignIn writes the session of somebody whose password was right, looks again whether it still is, and keeps it at a dearer
// cost.
func SignIn(ctx context.Context, userID string) context.Context {
	return core.WithDuty(ctx, signIn(userID))
}

func signIn(userID string) core.Duty {
	return core.Duty{Name: "sign_in", Reads: account(userID), Writes: []core.Write{
		core.Update("Credential", pins{"user_id": userID}, "password_hash"),
		core.Create("Session", pins{"user_id": userID}),
		core.Create(AuditType, pins{"actor_id": userID, "outcome": "DONE", "type": "login.succeeded"}),
	}}
}

// OwnAccount sees the account and the password hash of its holder, for whom it is already known that they are.
func OwnAccount(ctx context.Context, userID string) context.Context {
	return core.WithDuty(ctx, ownAccount(userID))
}

func ownAccount(userID string) core.Duty {
	return core.Duty{Name: "own_account", Reads: account(userID)}
}

// account is one account with its password.
func account(userID string) []core.Read {
	return []core.Read{
		{Type: "User", Rows: sql.FieldEQ("id", userID)},
		{Type: "Credential", Rows: sql.FieldEQ("user_id", userID)},
	}
}
