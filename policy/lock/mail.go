package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The duties of what is mailed: sending it, and following its links.

// MailClaim sees the letters whose time has come by the database's clock, and takes them for a while.
func MailClaim(ctx context.Context) context.Context { return core.WithDuty(ctx, mailClaim()) }

func mailClaim() core.Duty {
	return core.Duty{
		Name: "mail.claim",
		Reads: []core.Read{{Type: "Mail", Rows: func(s *sql.Selector) {
			s.Where(sql.And(sql.EQ(s.C("state"), "QUEUED"), sql.P(func(b *sql.Builder) {
				b.WriteString(s.C("next_attempt_at") + " <= " + core.Now(s.Dialect()))
			})))
		}}},
		Writes: []core.Write{core.Update("Mail", pins{"state": "QUEUED"}, "attempts", "next_attempt_at")},
	}
}

// Posted names a letter that was tried, and what its link stands for.
type Posted struct {
	MailID, ResourceID string
	Generation         int
}

// MailMark writes what became of one letter, also on the invitation that it carries while no newer one was sent.
func MailMark(ctx context.Context, p Posted) context.Context { return core.WithDuty(ctx, mailMark(p)) }

func mailMark(p Posted) core.Duty {
	return core.Duty{Name: "mail.mark", Writes: []core.Write{
		core.Update("Mail", pins{"id": p.MailID, "state": "QUEUED"}, "state", "sent_at", "next_attempt_at", "last_error"),
		core.Update("Invitation", pins{"id": p.ResourceID, "resend_count": p.Generation}, "delivery", "sent_at"),
	}}
}

// InvitationByLink sees one invitation by its id, for who holds the link of its mail: the caller compares the link.
func InvitationByLink(ctx context.Context, id string) context.Context {
	return core.WithDuty(ctx, invitationByLink(id))
}

func invitationByLink(id string) core.Duty {
	return core.Duty{Name: "invitation.by_link", Reads: []core.Read{{Type: "Invitation", Rows: sql.FieldEQ("id", id)}}}
}

// AddressProven writes that an account's address is verified, for who followed a link that was mailed to that address.
func AddressProven(ctx context.Context, userID, email string) context.Context {
	return core.WithDuty(ctx, addressProven(userID, email))
}

func addressProven(userID, email string) core.Duty {
	return core.Duty{
		Name: "address.proven",
		Reads: []core.Read{
			{Type: "User", Rows: func(s *sql.Selector) {
				s.Where(sql.And(sql.EQ(s.C("id"), userID), sql.EQ(s.C("email"), email)))
			}},
			{Type: "Credential", Rows: sql.FieldEQ("user_id", userID)},
		},
		Writes: []core.Write{
			core.Update("User", pins{"id": userID, "email": email}, "email_verified"),
			core.Create(AuditType, pins{"actor_id": userID, "outcome": "DONE", "type": "user.email_verified"}),
		},
	}
}
