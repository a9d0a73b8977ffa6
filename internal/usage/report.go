package usage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/usagebucket"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/store"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// Bounds of a report.
const (
	keptFor      = 24 * time.Hour // a request id, by the database's clock
	maxRequestID = 128
	maxUnits     = 1_000_000_000
	reportTries  = 5 // what is undone only because of what others did at the same moment
)

// Report is a cost that is known only after the request.
type Report struct {
	KeyID     string
	RequestID string // the caller's name for the request: the same one counts once
	Units     int64
}

// errReported says that the request id is known already.
var errReported = errors.New("usage: this request id is known")

// Report counts a cost of a key of the project, on the disk, once for each request id and key within a day, however often and to however
// many processes it comes. It counts no request: that was counted when it was decided. What happened counts whatever the limits are; the
// answer, which is the same each time, is SpendLimitReached when one of them has nothing left. Errors: NOT_FOUND, BAD_USER_INPUT,
// IDEMPOTENCY_MISMATCH.
func (c *Counter) Report(ctx context.Context, projectID string, r Report) (traffic.Code, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	duty := lock.UsageReport(ctx, projectID, r.KeyID, r.lookup())
	for n := 1; ; n++ {
		code, err := c.record(duty, projectID, r)
		switch {
		case errors.Is(err, errReported):
			return c.reported(duty, r)
		case err == nil || n == reportTries || !ent.IsConstraintError(err) && !store.IsRetryable(err):
			return code, err
		}
	}
}

// reported is what was answered when the request id came first.
func (c *Counter) reported(duty context.Context, r Report) (traffic.Code, error) {
	known, err := c.client.UsageReport.Query().Only(duty)
	switch {
	case ent.IsNotFound(err): // its day ended just now, or the other one was undone
		return "", fault.Conflict("a report of this request was under way; send it again")
	case err != nil:
		return "", fmt.Errorf("look for a report: %w", err)
	case string(known.Fingerprint) != string(r.fingerprint()):
		return "", fault.Refuse(fault.IdempotencyMismatch, "this request id was reported with another cost", "requestId")
	}
	return traffic.Code(known.Answer), nil
}

func (r Report) check() error {
	switch {
	case r.KeyID == "":
		return fault.BadInput("keyId is needed", "keyId")
	case r.RequestID == "" || len(r.RequestID) > maxRequestID:
		return fault.BadInput("requestId is a text of 1 to 128 bytes", "requestId")
	case r.Units < 1 || r.Units > maxUnits:
		return fault.BadInput("cost is a whole number from 1 to 1000000000", "cost")
	}
	return nil
}

func (r Report) lookup() string {
	sum := sha256.Sum256([]byte(r.KeyID + "\x00" + r.RequestID))
	return hex.EncodeToString(sum[:])
}

func (r Report) fingerprint() []byte {
	sum := sha256.Sum256([]byte(strconv.FormatInt(r.Units, 10)))
	return sum[:]
}

// record writes the memory of the report, what it counts, and what that takes out of the limits, in one transaction. Of two at once the
// second waits for the first.
func (c *Counter) record(duty context.Context, projectID string, r Report) (code traffic.Code, err error) {
	tx, err := c.client.Tx(duty)
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback() }()
	now, err := policy.Clock(duty, tx)
	if err != nil {
		return "", err
	}
	known, err := tx.UsageReport.Query().Exist(duty)
	if err != nil {
		return "", err
	}
	if known {
		return "", errReported
	}
	b, err := r.bill(duty, tx, projectID, now)
	if err != nil {
		return "", err
	}
	if code, err = c.charge(duty, tx, b, r.Units); err != nil {
		return "", err
	}
	if _, err := tx.UsageReport.Delete().Exec(duty); err != nil {
		return "", err
	}
	err = tx.UsageReport.Create().SetLookup(r.lookup()).SetFingerprint(r.fingerprint()).SetAnswer(string(code)).
		SetExpiresAt(now + keptFor.Microseconds()).Exec(duty)
	if ent.IsConstraintError(err) {
		return "", errReported
	}
	if err != nil {
		return "", err
	}
	if err := row(tx, usagebucket.WidthMINUTE, b.cell, b.sum, "report").Exec(duty); err != nil {
		return "", err
	}
	return code, tx.Commit()
}

// ForgetReports deletes the memory of reports whose day is over.
func (c *Counter) ForgetReports(ctx context.Context) error {
	_, err := c.client.UsageReport.Delete().Exec(lock.ForgetReports(ctx))
	return err
}
