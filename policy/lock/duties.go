package lock

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/keyhall/keyhall/policy/internal/core"
)

// The closed list of work that has no viewer. Each duty names the types, columns and rows that it may touch; there is no
// general bypass. A test holds Duties against a list written by hand.

type pins = core.Pins

// Duties describes every duty, with empty arguments, for that test and for the docs.
func Duties() []core.Duty {
	return []core.Duty{
		sessionLookup(""), tokenLookup(""), touch(), signInLookup(""), signIn(""), signUpLookup("", ""),
		newAccount("sign_up", Account{}, false, false), newAccount("sign_up.proven", Account{}, false, true), newAccount("set_up", Account{}, true, true),
		accountByEmail(""), denial(), auditPlace("", ""), instance(), rewrap(), administrator(), idempotency("", ""), forgetKeys(),
		ownAccount(""), issueLink("", ""), followAddressLink(""), followResetLink(""), knownAddress(""),
		addressProven("", ""), mailClaim(), mailMark(Posted{}), invitationByLink(""),
		sharing(nil), credentialStanding(""), keyAudience(""), projectAudience(""),
		accountByLogin(""), groupInReach("", ""), secretAudience(""), sharedGroups(nil), projectGroups(nil), groupAudience(""), principals(""), departure("", ""), groupReach(""), exposure(Exposed{}),
		shareLinkByToken(""), shareLinkFollow(""), shareLinksOver(),
		organizationContents(""), invitationPlaces(""), offboarding("", ""),
		limitsOf(""), spendLimitsOver(""), spendLease("", ""), spendCharge(""), spendRenew(""), spendLost(), spendLook(nil), spendAlerts(""), webhookClaim(), webhookMark(""),
		usageFlush(), keysUsed(), usageRollUp(), usageOf(Used{}), usageReport("", "", ""), forgetReports(), keysExpire(0),
		epochRaise(), epochWatch(0), epochForget(),
		verifyLookup(""), verifySecret(""), verifyOwner(""), verifierByToken(""), verifiersUsed(),
	}
}

// SessionByToken sees the session whose token the caller already holds, while it lasts, and its user.
func SessionByToken(ctx context.Context, hash string) context.Context {
	return core.WithDuty(ctx, sessionLookup(hash))
}

func sessionLookup(hash string) core.Duty {
	return core.Duty{Name: "session.lookup", Reads: []core.Read{
		{Type: "Session", Rows: heldAndUnexpired("token_hash", hash)},
		{Type: "User", Rows: holderIn("sessions", "token_hash", hash)},
	}}
}

// AccessTokenByLookup is SessionByToken for an access token, found by its public part; the caller compares the hash.
func AccessTokenByLookup(ctx context.Context, lookup string) context.Context {
	return core.WithDuty(ctx, tokenLookup(lookup))
}

func tokenLookup(lookup string) core.Duty {
	return core.Duty{Name: "access_token.lookup", Reads: []core.Read{
		{Type: "AccessToken", Rows: heldAndUnexpired("lookup", lookup)},
		{Type: "User", Rows: holderIn("access_tokens", "lookup", lookup)},
	}}
}

// CredentialStanding sees the session or the access token that a stream was opened with, while it lasts, and its user.
func CredentialStanding(ctx context.Context, id string) context.Context {
	return core.WithDuty(ctx, credentialStanding(id))
}

func credentialStanding(id string) core.Duty {
	return core.Duty{Name: "credential.standing", Reads: []core.Read{
		{Type: "Session", Rows: heldAndUnexpired("id", id)},
		{Type: "AccessToken", Rows: heldAndUnexpired("id", id)},
		{Type: "User", Rows: func(s *sql.Selector) {
			s.Where(sql.Or(holds(s, "sessions", "id", id), holds(s, "access_tokens", "id", id)))
		}},
	}}
}

// Touch writes when sessions and access tokens were last seen, nothing else.
func Touch(ctx context.Context) context.Context { return core.WithDuty(ctx, touch()) }

func touch() core.Duty {
	return core.Duty{Name: "touch", Writes: []core.Write{
		core.Update("Session", nil, "last_seen_at"),
		core.Update("AccessToken", nil, "last_used_at"),
	}}
}

// SignInLookup sees the account that somebody claims to hold, and its password hash.
func SignInLookup(ctx context.Context, login string) context.Context {
	return core.WithDuty(ctx, signInLookup(login))
}

func signInLookup(login string) core.Duty {
	return core.Duty{Name: "sign_in.lookup", Reads: []core.Read{
		{Type: "User", Rows: named(login, login)},
		{Type: "Credential", Rows: func(s *sql.Selector) {
			users := sql.Dialect(s.Dialect()).Select("id").From(sql.Table("users"))
			named(login, login)(users)
			s.Where(sql.In(s.C("user_id"), users))
		}},
	}}
}

// SignUpLookup sees whether an address or a username is taken.
func SignUpLookup(ctx context.Context, email, username string) context.Context {
	return core.WithDuty(ctx, signUpLookup(email, username))
}

func signUpLookup(email, username string) core.Duty {
	return core.Duty{Name: "sign_up.lookup", Reads: []core.Read{{Type: "User", Rows: named(email, username)}}}
}

// AccountByEmail sees the holder of one exact address: who invites somebody learns whether they have an account.
func AccountByEmail(ctx context.Context, email string) context.Context {
	return core.WithDuty(ctx, accountByEmail(email))
}

func accountByEmail(email string) core.Duty {
	return core.Duty{Name: "account.by_email", Reads: []core.Read{{Type: "User", Rows: func(s *sql.Selector) {
		s.Where(sql.EQ(s.C("email"), email))
	}}}}
}

// AccountByLogin sees the holder of one exact username, or of one exact address that they have proven to be theirs: sharing
// reaches any account by it, and nobody by an address that they only wrote down.
func AccountByLogin(ctx context.Context, login string) context.Context {
	return core.WithDuty(ctx, accountByLogin(login))
}

func accountByLogin(login string) core.Duty {
	return core.Duty{Name: "account.by_login", Reads: []core.Read{{Type: "User", Rows: func(s *sql.Selector) {
		proven := sql.And(sql.EQ(s.C("email"), login), sql.EQ(s.C("email_verified"), true))
		s.Where(sql.Or(proven, sql.EQ(s.C("username"), login)))
	}}}}
}

// Denial writes the audit row of something that was refused, and counts its repetitions.
func Denial(ctx context.Context) context.Context { return core.WithDuty(ctx, denial()) }

func denial() core.Duty {
	return core.Duty{Name: "audit.denial", Writes: []core.Write{
		core.Create(AuditType, pins{"outcome": "DENIED"}),
		core.Update(AuditType, pins{"outcome": "DENIED"}, "repeated"),
	}}
}

// AuditPlace sees where the thing of an event belongs, and nothing else: a key, an invitation, a project, a secret or a group
// by its id, what is around it, and the actor's own row.
func AuditPlace(ctx context.Context, actor, resource string) context.Context {
	return core.WithDuty(ctx, auditPlace(actor, resource))
}

func auditPlace(actor, resource string) core.Duty {
	return core.Duty{Name: "audit.place", Reads: []core.Read{
		{Type: "User", Rows: sql.FieldEQ("id", actor)},
		{Type: "Invitation", Rows: sql.FieldEQ("id", resource)},
		{Type: "Secret", Rows: sql.FieldEQ("id", resource)},
		{Type: "Group", Rows: sql.FieldEQ("id", resource)},
		{Type: "APIKey", Rows: func(s *sql.Selector) {
			of := sql.Dialect(s.Dialect()).Select("api_key_id").From(sql.Table("invitations")).Where(sql.EQ("id", resource))
			s.Where(sql.Or(sql.EQ(s.C("id"), resource), sql.In(s.C("id"), of)))
		}},
		{Type: "Project", Rows: func(s *sql.Selector) {
			invited := sql.Dialect(s.Dialect()).Select("api_key_id").From(sql.Table("invitations")).Where(sql.EQ("id", resource))
			of := sql.Dialect(s.Dialect()).Select("project_id").From(sql.Table("api_keys")).
				Where(sql.Or(sql.EQ("id", resource), sql.In("id", invited)))
			s.Where(sql.Or(sql.EQ(s.C("id"), resource), sql.In(s.C("id"), of)))
		}},
	}}
}

// Instance ties the database to its keyring at start.
func Instance(ctx context.Context) context.Context { return core.WithDuty(ctx, instance()) }

func instance() core.Duty {
	return core.Duty{Name: "instance", Reads: []core.Read{{Type: "Instance"}}, Writes: []core.Write{
		core.Create("Instance", pins{"only": 1}),
		core.Update("Instance", pins{"only": 1}, "check_wrapped_key", "check_ciphertext", "check_keyset_id", "check_ids"),
		core.Create(AuditType, pins{"actor_kind": "operator", "outcome": "DONE", "type": "keyring.rotated"}),
	}}
}

// Rewrap puts the data keys of sealed values under another key of the keyring; the values themselves stay as they are.
func Rewrap(ctx context.Context) context.Context { return core.WithDuty(ctx, rewrap()) }

func rewrap() core.Duty {
	return core.Duty{Name: "keyring.rewrap", Reads: []core.Read{{Type: "SealedValue"}, {Type: "SealedVersion"}}, Writes: []core.Write{
		core.Update("SealedValue", nil, "wrapped_key", "keyset_id"),
		core.Update("SealedVersion", nil, "wrapped_key", "keyset_id"),
		core.Create(AuditType, pins{"actor_kind": "operator", "outcome": "DONE", "type": "keyring.rewrapped"}),
	}}
}

// Administrator sees whether somebody administers this installation already.
func Administrator(ctx context.Context) context.Context {
	return core.WithDuty(ctx, administrator())
}

func administrator() core.Duty {
	return core.Duty{Name: "administrator", Reads: []core.Read{{Type: "User", Rows: func(s *sql.Selector) {
		s.Where(sql.EQ(s.C("administrator"), true))
	}}}}
}

// Idempotency sees and writes the memory of one mutation that was done under an Idempotency-Key. What it is the memory of
// is written once; a key whose day is over is as if it had never been used.
func Idempotency(ctx context.Context, userID, lookup string) context.Context {
	return core.WithDuty(ctx, idempotency(userID, lookup))
}

func idempotency(userID, lookup string) core.Duty {
	gone := core.Delete("IdempotencyKey", pins{"lookup": lookup, "user_id": userID})
	gone.Rows = expired
	return core.Duty{
		Name: "idempotency",
		Reads: []core.Read{{Type: "IdempotencyKey", Rows: func(s *sql.Selector) {
			s.Where(sql.EQ(s.C("user_id"), userID))
			heldAndUnexpired("lookup", lookup)(s)
		}}},
		Writes: []core.Write{
			core.Create("IdempotencyKey", pins{"lookup": lookup, "user_id": userID}),
			core.Update("IdempotencyKey", pins{"lookup": lookup, "user_id": userID}, "subject_id", "made_id", "part_id", "outcomes"),
			gone,
		},
	}
}

// ForgetKeys deletes the memory of the mutations whose day is over, and no other.
func ForgetKeys(ctx context.Context) context.Context { return core.WithDuty(ctx, forgetKeys()) }

func forgetKeys() core.Duty {
	gone := core.Delete("IdempotencyKey", nil)
	gone.Rows = expired
	return core.Duty{Name: "idempotency.forget", Writes: []core.Write{gone}}
}

// expired selects the rows whose time is over by the database's clock; 0 never expires.
func expired(s *sql.Selector) {
	column, d := s.C("expires_at"), s.Dialect()
	s.Where(sql.P(func(b *sql.Builder) {
		b.WriteString("(" + column + " <> 0 AND " + column + " <= " + core.Now(d) + ")")
	}))
}

// Sharing sees the people and the groups who have access to a thing, for somebody who may see its sharing: not all of them
// are theirs to see otherwise, and the caller then shows a name and no more.
func Sharing(ctx context.Context, ids []string) context.Context {
	return core.WithDuty(ctx, sharing(ids))
}

func sharing(named []string) core.Duty {
	among := func(s *sql.Selector) { s.Where(sql.In(s.C("id"), anyOf(named)...)) }
	return core.Duty{Name: "sharing", Reads: []core.Read{{Type: "User", Rows: among}, {Type: "Group", Rows: among}}}
}

func anyOf(ids []string) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}

func named(email, username string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		s.Where(sql.Or(sql.EQ(s.C("email"), email), sql.EQ(s.C("username"), username)))
	}
}

// heldAndUnexpired selects the one row that has the value; 0 never expires, and the database's clock decides.
func heldAndUnexpired(column, value string) func(*sql.Selector) {
	return func(s *sql.Selector) {
		s.Where(sql.And(sql.EQ(s.C(column), value), unexpired(s.C("expires_at"), s.Dialect())))
	}
}

func unexpired(column, dialect string) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		b.WriteString("(" + column + " = 0 OR " + column + " > " + core.Now(dialect) + ")")
	})
}

// holderIn selects the user of the one unexpired row of another table that has the value.
func holderIn(table, column, value string) func(*sql.Selector) {
	return func(s *sql.Selector) { s.Where(holds(s, table, column, value)) }
}

func holds(s *sql.Selector, table, column, value string) *sql.Predicate {
	held := sql.Dialect(s.Dialect()).Select("user_id").From(sql.Table(table)).
		Where(sql.And(sql.EQ(column, value), unexpired("expires_at", s.Dialect())))
	return sql.In(s.C("id"), held)
}
