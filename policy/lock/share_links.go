package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The duties of one-time links: who follows one need have no account.

// ShareLinkByToken sees one link by the public part of its token: the caller compares the token.
func ShareLinkByToken(ctx context.Context, lookup string) context.Context {
	return core.WithDuty(ctx, shareLinkByToken(lookup))
}

func shareLinkByToken(lookup string) core.Duty {
	return core.Duty{Name: "share_link.by_token", Reads: []core.Read{{Type: "ShareLink", Rows: sql.FieldEQ("lookup", lookup)}}}
}

// ShareLinkFollow sees one link and its secret, counts what is tried at its passphrase and its code, and ends the link for too
// many misses.
func ShareLinkFollow(ctx context.Context, id string) context.Context {
	return core.WithDuty(ctx, shareLinkFollow(id))
}

func shareLinkFollow(id string) core.Duty {
	return core.Duty{
		Name: "share_link.follow",
		Reads: []core.Read{
			{Type: "ShareLink", Rows: sql.FieldEQ("id", id)},
			{Type: "Secret", Rows: func(s *sql.Selector) {
				of := sql.Dialect(s.Dialect()).Select("secret_id").From(sql.Table("share_links")).Where(sql.EQ("id", id))
				s.Where(sql.In(s.C("id"), of))
			}},
		},
		Writes: []core.Write{
			core.Update("ShareLink", pins{"id": id, "revoked_at": 0}, "misses", "tries", "revoked_at"),
			core.Create(AuditType, pins{"actor_kind": "none", "outcome": "DONE", "type": "share_link.refused"}),
		},
	}
}

// ShareLinksOver records that the time of links is over by the database's clock, once each, and tells their recipients.
func ShareLinksOver(ctx context.Context) context.Context {
	return core.WithDuty(ctx, shareLinksOver())
}

func shareLinksOver() core.Duty {
	ended := core.Update("ShareLink", pins{"ended_at": 0}, "ended_at")
	ended.Rows = expired
	return core.Duty{
		Name: "share_link.over",
		Reads: []core.Read{
			{Type: "ShareLink", Rows: func(s *sql.Selector) {
				s.Where(sql.EQ(s.C("ended_at"), 0))
				expired(s)
			}},
			{Type: "Secret", Rows: func(s *sql.Selector) {
				of := sql.Dialect(s.Dialect()).Select("secret_id").From(sql.Table("share_links")).Where(sql.EQ("ended_at", 0))
				s.Where(sql.In(s.C("id"), of))
			}},
		},
		Writes: []core.Write{
			ended,
			core.Create("Mail", pins{"kind": "share_link_expired"}),
			core.Create(AuditType, pins{"actor_kind": "none", "outcome": "DONE", "type": "share_link.expired"}),
		},
	}
}
