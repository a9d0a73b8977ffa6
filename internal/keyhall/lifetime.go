package keyhall

import (
	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/internal/fault"
)

// A key that was replaced works until its grace is over, and never again after that. What people may do with it does not
// change (rules do not depend on state); what no longer makes sense is refused here, in words that say what to do instead.

// revoked tells whether a key was replaced and its grace is over.
func revoked(key *ent.APIKey, now int64) bool {
	return key.GraceExpiresAt != 0 && key.GraceExpiresAt <= now
}

// graceLeft tells whether a key was replaced and still works.
func graceLeft(key *ent.APIKey, now int64) bool { return key.GraceExpiresAt > now }

// alive refuses what would pretend that a revoked key has a future.
func alive(key *ent.APIKey, now int64, path ...string) error {
	if !revoked(key, now) {
		return nil
	}
	return fault.Refuse(fault.Invalid, "this key was replaced and never works again: use the newer one", append([]string{"input"}, path...)...)
}

// lasting refuses to bring people to a key that is about to end.
func lasting(key *ent.APIKey, path ...string) error {
	if key.GraceExpiresAt == 0 {
		return nil
	}
	return fault.Refuse(fault.Invalid, "this key was replaced: invite people to the newer one", append([]string{"input"}, path...)...)
}
