package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The duties of the links that are mailed to the holder of an account.

// IssueLink makes a new link of one kind for an account, and ends the one before. Whoever asks need not be its holder: the
// link goes to its address.
func IssueLink(ctx context.Context, userID, kind string) context.Context {
	return core.WithDuty(ctx, issueLink(userID, kind))
}

func issueLink(userID, kind string) core.Duty {
	return core.Duty{Name: "link.issue", Reads: account(userID), Writes: []core.Write{
		core.Update("Credential", pins{"user_id": userID}, "verify_generation", "verify_until", "reset_generation", "reset_until"),
		core.Delete("Mail", pins{"user_id": userID, "kind": kind, "state": "QUEUED"}),
		core.Create("Mail", pins{"user_id": userID, "resource_id": userID, "kind": kind}),
		core.Create(AuditType, pins{"resource_id": userID, "outcome": "DONE", "type": "user." + kind + "_requested"}),
	}}
}

// FollowAddressLink verifies the address of an account that is not suspended, for who holds a link that lasts: the caller
// compares the link.
func FollowAddressLink(ctx context.Context, userID string) context.Context {
	return core.WithDuty(ctx, followAddressLink(userID))
}

func followAddressLink(userID string) core.Duty {
	return core.Duty{Name: "address_link.follow", Reads: following(userID, "verify_until"), Writes: []core.Write{
		core.Update("User", pins{"id": userID}, "email_verified"),
		core.Update("Credential", pins{"user_id": userID}, "verify_generation", "verify_until"),
		core.Create(AuditType, pins{"actor_id": userID, "outcome": "DONE", "type": "user.email_verified"}),
	}}
}

// FollowResetLink sets a new password and ends what the old one opened, for who holds a link that lasts.
func FollowResetLink(ctx context.Context, userID string) context.Context {
	return core.WithDuty(ctx, followResetLink(userID))
}

func followResetLink(userID string) core.Duty {
	return core.Duty{Name: "reset_link.follow", Reads: following(userID, "reset_until"), Writes: []core.Write{
		core.Update("User", pins{"id": userID}, "email_verified"),
		core.Update("Credential", pins{"user_id": userID}, "password_hash", "changed_at", "reset_generation", "reset_until"),
		core.Delete("Session", pins{"user_id": userID}),
		core.Delete("AccessToken", pins{"user_id": userID}),
		core.Create("Mail", pins{"user_id": userID, "kind": "password_changed"}),
		core.Create(AuditType, pins{"actor_id": userID, "outcome": "DONE", "type": "user.password_reset"}),
	}}
}

// following is an account that is not suspended, and its credential while the link lasts by the database's clock.
func following(userID, until string) []core.Read {
	return []core.Read{
		{Type: "User", Rows: func(s *sql.Selector) {
			s.Where(sql.And(sql.EQ(s.C("id"), userID), sql.EQ(s.C("suspended_at"), 0)))
		}},
		{Type: "Credential", Rows: func(s *sql.Selector) {
			s.Where(sql.And(sql.EQ(s.C("user_id"), userID), sql.P(func(b *sql.Builder) {
				b.WriteString(s.C(until) + " > " + core.Now(s.Dialect()))
			})))
		}},
	}
}
