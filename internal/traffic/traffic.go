// Package traffic is the words in which a request with an API key is decided, limited and counted. Those who do these things do
// not know each other: they know this. It holds no rule, asks no database, and no value of a credential is ever in it.
package traffic

import "time"

// Code is what was decided about a request with a key.
type Code string

// The codes, in the order in which they are looked for: the first that holds is answered.
const (
	NotFound                Code = "NOT_FOUND"
	ProjectArchived         Code = "PROJECT_ARCHIVED"
	OwnerLostAccess         Code = "OWNER_LOST_ACCESS"
	Disabled                Code = "DISABLED"
	Expired                 Code = "EXPIRED"
	SecretRequired          Code = "SECRET_REQUIRED"
	SecretInvalid           Code = "SECRET_INVALID"
	JWTInvalid              Code = "JWT_INVALID"
	OriginNotAllowed        Code = "ORIGIN_NOT_ALLOWED"
	UserAgentNotAllowed     Code = "USER_AGENT_NOT_ALLOWED"
	MethodNotAllowed        Code = "METHOD_NOT_ALLOWED"
	AddressNotAllowed       Code = "ADDRESS_NOT_ALLOWED"
	InsufficientPermissions Code = "INSUFFICIENT_PERMISSIONS"
	RateLimited             Code = "RATE_LIMITED"
	SpendLimitReached       Code = "SPEND_LIMIT_REACHED"
	Valid                   Code = "VALID"
)

// Key is whose request it is, and what holds for it.
type Key struct {
	ID, ProjectID, OrganizationID string
	Environment                   string // PRODUCTION, STAGING or DEVELOPMENT
	OwnerID                       string // a person or a service account
	Strict                        bool   // no answer before its use is on the disk
	UnitPrice                     int64  // of one unit of cost, in millionths of the currency
	Currency                      string
	Rates                         []Rate  // of the key, its project and its organization: all hold
	Spends                        []Spend // the same
}

// Rate is a limit of requests in a time, of the key, project or organization that Scope is the id of.
type Rate struct {
	Scope    string
	Requests int64
	Window   time.Duration
}

// Spend is a hard limit of what a month of UTC may cost.
type Spend struct {
	Scope    string
	Amount   int64 // millionths of the currency
	Currency string
}

// Scope is the one id of the three that is set: what a limit is of.
func Scope(key, project, organization *string) string {
	for _, id := range []*string{key, project, organization} {
		if id != nil {
			return *id
		}
	}
	return ""
}

// Standing is how the limits of a key stand once a request was counted, or was refused and not counted.
type Standing struct {
	Code      Code          // Valid, RateLimited or SpendLimitReached
	Limited   bool          // there is a rate limit at all: what follows is of the one with the least left
	Limit     int64         // requests
	Window    time.Duration // in this time
	Remaining int64
	Reset     time.Duration // until all of them are there again
	After     time.Duration // of a refusal: until it is worth trying again
	Alone     bool          // counted by this process alone: others count for themselves
}

// Budget is how a spend limit stands.
type Budget struct {
	Spent int64 // this month, in millionths, without what a living process holds and may not have spent; above the limit by what was reported
	Binds bool  // the next request is refused, if use has a price
}

// MostCost is how much one request may cost, in millionths: the sums of millions of them are numbers still.
const MostCost = 1_000_000_000_000

// Use is one decided request, as it is counted.
type Use struct {
	Key    *Key
	Method string // as the caller named it; empty: it named none
	Code   Code
	Units  int64     // 0 of what was refused
	At     time.Time // by the clock of the database
}
