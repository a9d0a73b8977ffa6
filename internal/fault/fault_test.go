//keyhall:norace
package fault_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhall/keyhall/internal/fault"
)

func TestTheCauseIsForTheLogAlone(t *testing.T) {
	t.Parallel()
	const canary = "canary-7d1f"
	err := fault.Internal(errors.New("insert: " + canary))
	texts := map[string]string{}
	for _, verb := range []string{"%v", "%s", "%q", "%+v", "%#v", "%x"} {
		texts[verb] = fmt.Sprintf(verb, err)
		texts["nested "+verb] = fmt.Sprintf(verb, struct{ Err error }{err})
	}
	encoded, jsonErr := json.Marshal(err)
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	texts["json"] = string(encoded)
	texts["wrapped"] = fmt.Errorf("verb: %w", err).Error()
	for how, text := range texts {
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("%s shows the cause: %s", how, text)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Error("failed", "error", err)
	if !strings.Contains(log.String(), canary) {
		t.Errorf("the log lacks the cause: %s", log.String())
	}
}

func TestEachConstructorGivesItsCode(t *testing.T) {
	t.Parallel()
	for code, err := range map[fault.Code]*fault.Error{
		"NOT_FOUND": fault.NotFound(), "FORBIDDEN": fault.Forbidden("api_key.rename", "contributors cannot rename"),
		"UNAUTHENTICATED": fault.Unauthenticated(), "BAD_USER_INPUT": fault.BadInput("must not be empty", "input", "name"),
		"CONFLICT": fault.Conflict("changed meanwhile"), "RATE_LIMITED": fault.RateLimited(time.Second),
		"TIMEOUT": fault.Timeout(context.DeadlineExceeded), "INTERNAL": fault.Internal(errors.New("x")),
	} {
		wrapped := fmt.Errorf("rename: %w", err)
		if !fault.Is(wrapped, code) || fault.From(wrapped) != err || err.Public == "" {
			t.Errorf("%s: got %+v", code, err)
		}
	}
	forbidden := fault.Forbidden("api_key.rename", "why")
	if forbidden.Permission != "api_key.rename" || !cmp.Equal(forbidden.Reasons, []string{"why"}) {
		t.Errorf("permission and reasons are lost: %+v", forbidden)
	}
	if got := fault.BadInput("must not be empty", "input", "name").Path; !cmp.Equal(got, []string{"input", "name"}) {
		t.Errorf("path is %v", got)
	}
}

func TestAnErrorWithoutACodeIsInternal(t *testing.T) {
	t.Parallel()
	if got := fault.From(errors.New("pq: connection refused")); got.Code != fault.CodeInternal || strings.Contains(got.Public, "pq") {
		t.Errorf("got %+v", got)
	}
	if got := fault.From(fmt.Errorf("query: %w", context.DeadlineExceeded)); got.Code != fault.CodeTimeout {
		t.Errorf("a deadline is %s", got.Code)
	}
	if fault.From(nil) != nil || fault.Is(nil, fault.CodeInternal) {
		t.Error("no error is no fault")
	}
}

func TestRetryAfterIsAWholeSecondAndNeverZero(t *testing.T) {
	t.Parallel()
	for given, want := range map[time.Duration]time.Duration{
		-1: time.Second, 0: time.Second, time.Millisecond: time.Second, 1001 * time.Millisecond: 2 * time.Second, time.Minute: time.Minute,
	} {
		if got := fault.RateLimited(given).RetryAfter; got != want {
			t.Errorf("%v: retry after %v, want %v", given, got, want)
		}
	}
}

func TestBecauseLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	original := fault.NotFound()
	caused := original.Because(cause)
	if errors.Is(original, cause) || !errors.Is(caused, cause) || caused.Code != fault.CodeNotFound {
		t.Errorf("original %v, caused %v", original, caused)
	}
}

func TestExpectedFailuresAreCollectedAndNothingElse(t *testing.T) {
	t.Parallel()
	taken, long := fault.Refuse(fault.Taken, "choose another", "input", "username"), fault.Refuse(fault.TooLong, "at most 100")
	for name, tt := range map[string]struct {
		err  error
		want []*fault.User
	}{
		"none":                {nil, nil},
		"one":                 {taken, []*fault.User{taken}},
		"wrapped":             {fmt.Errorf("sign up: %w", taken), []*fault.User{taken}},
		"several":             {errors.Join(taken, fmt.Errorf("x: %w", errors.Join(long))), []*fault.User{taken, long}},
		"with another error":  {errors.Join(taken, errors.New("disk full")), nil},
		"only another error":  {errors.New("disk full"), nil},
		"as a cause":          {fault.Internal(taken), nil},
		"with a failed write": {errors.Join(taken, fault.Conflict("again")), nil},
	} {
		got, ok := fault.Expected(tt.err)
		if ok != (tt.want != nil) || !cmp.Equal(got, tt.want) {
			t.Errorf("%s: got %v, %v", name, got, ok)
		}
	}
	if !fault.Refused(errors.Join(taken, long), fault.TooLong) || fault.Refused(taken, fault.TooLong) {
		t.Error("Refused looks for one code")
	}
}

func TestTheCodesAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	const contract = `
  INVALID REQUIRED TOO_LONG TAKEN BAD_CREDENTIALS EMAIL_NOT_VERIFIED EMAIL_NOT_CONFIRMED ACCOUNT_NOT_FOUND ALREADY_MEMBER
  INVITE_ALREADY_PENDING INVITE_NOT_PENDING INVITE_EXPIRED INVITE_REVOKED INVITE_WRONG_ACCOUNT OWNER_IMMUTABLE LAST_OWNER
  PERSONAL_KEY_NOT_SHAREABLE GRANTEE_INVALID GROUP_DISABLED GRANT_EMPTY EXPIRY_IN_PAST EXPIRY_TOO_LONG KEY_EXPIRED ALLOWLIST_FULL
  REASON_REQUIRED STEP_UP_REQUIRED GUARDRAIL_DENIED POLICY_INVALID IDEMPOTENCY_MISMATCH ALREADY_DELIVERED`
	var got []string
	for _, code := range fault.UserErrorCodes() {
		got = append(got, string(code))
	}
	if diff := cmp.Diff(strings.Fields(contract), got); diff != "" {
		t.Error(diff)
	}
}
