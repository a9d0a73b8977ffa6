package fault

import "slices"

// UserErrorCode is the code of an expected failure of a mutation: the request
// was understood and permitted, and the state of things refuses it.
type UserErrorCode string

// The codes of the GraphQL enum UserErrorCode, in its order.
const (
	Invalid                 UserErrorCode = "INVALID"
	Required                UserErrorCode = "REQUIRED"
	TooLong                 UserErrorCode = "TOO_LONG"
	Taken                   UserErrorCode = "TAKEN"
	BadCredentials          UserErrorCode = "BAD_CREDENTIALS"
	EmailNotVerified        UserErrorCode = "EMAIL_NOT_VERIFIED"
	EmailNotConfirmed       UserErrorCode = "EMAIL_NOT_CONFIRMED"
	AccountNotFound         UserErrorCode = "ACCOUNT_NOT_FOUND"
	AlreadyMember           UserErrorCode = "ALREADY_MEMBER"
	InviteAlreadyPending    UserErrorCode = "INVITE_ALREADY_PENDING"
	InviteNotPending        UserErrorCode = "INVITE_NOT_PENDING"
	InviteExpired           UserErrorCode = "INVITE_EXPIRED"
	InviteRevoked           UserErrorCode = "INVITE_REVOKED"
	InviteWrongAccount      UserErrorCode = "INVITE_WRONG_ACCOUNT"
	OwnerImmutable          UserErrorCode = "OWNER_IMMUTABLE"
	LastOwner               UserErrorCode = "LAST_OWNER"
	PersonalKeyNotShareable UserErrorCode = "PERSONAL_KEY_NOT_SHAREABLE"
	GranteeInvalid          UserErrorCode = "GRANTEE_INVALID"
	GroupDisabled           UserErrorCode = "GROUP_DISABLED"
	GrantEmpty              UserErrorCode = "GRANT_EMPTY"
	ExpiryInPast            UserErrorCode = "EXPIRY_IN_PAST"
	ExpiryTooLong           UserErrorCode = "EXPIRY_TOO_LONG"
	KeyExpired              UserErrorCode = "KEY_EXPIRED"
	AllowlistFull           UserErrorCode = "ALLOWLIST_FULL"
	ReasonRequired          UserErrorCode = "REASON_REQUIRED"
	StepUpRequired          UserErrorCode = "STEP_UP_REQUIRED"
	GuardrailDenied         UserErrorCode = "GUARDRAIL_DENIED"
	PolicyInvalid           UserErrorCode = "POLICY_INVALID"
	IdempotencyMismatch     UserErrorCode = "IDEMPOTENCY_MISMATCH"
	AlreadyDelivered        UserErrorCode = "ALREADY_DELIVERED"
)

// UserErrorCodes lists them all, for the tests that compare them with the
// GraphQL enum.
func UserErrorCodes() []UserErrorCode {
	return []UserErrorCode{
		Invalid, Required, TooLong, Taken, BadCredentials, EmailNotVerified, EmailNotConfirmed, AccountNotFound, AlreadyMember,
		InviteAlreadyPending, InviteNotPending, InviteExpired, InviteRevoked, InviteWrongAccount, OwnerImmutable, LastOwner,
		PersonalKeyNotShareable, GranteeInvalid, GroupDisabled, GrantEmpty, ExpiryInPast, ExpiryTooLong, KeyExpired, AllowlistFull,
		ReasonRequired, StepUpRequired, GuardrailDenied, PolicyInvalid, IdempotencyMismatch, AlreadyDelivered,
	}
}

// User is one entry of a payload's `errors`. A verb returns it (or several,
// by errors.Join) as its error, and nothing was written.
type User struct {
	Code    UserErrorCode
	Message string
	Path    []string // of the input, outermost first
}

// Refuse makes an entry. The message says what to do next, never the value.
func Refuse(code UserErrorCode, message string, path ...string) *User {
	return &User{Code: code, Message: message, Path: path}
}

// Error is the code and the message.
func (u *User) Error() string { return string(u.Code) + ": " + u.Message }

// Expected splits an error into the entries for the payload. It is false as
// soon as anything else is part of the error: then the whole request failed.
func Expected(err error) ([]*User, bool) {
	switch err := err.(type) {
	case nil:
		return nil, false
	case *User:
		return []*User{err}, true
	case *Error: // a cause inside it is for the log
		return nil, false
	case interface{ Unwrap() error }:
		return Expected(err.Unwrap())
	case interface{ Unwrap() []error }:
		var all []*User
		for _, part := range err.Unwrap() {
			entries, ok := Expected(part)
			if !ok {
				return nil, false
			}
			all = append(all, entries...)
		}
		return all, len(all) > 0
	}
	return nil, false
}

// Refused tells whether the error is expected and has an entry of this code.
func Refused(err error, code UserErrorCode) bool {
	entries, ok := Expected(err)
	return ok && slices.ContainsFunc(entries, func(u *User) bool { return u.Code == code })
}
