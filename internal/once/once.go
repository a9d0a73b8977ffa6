// Package once keeps a mutation that is sent again under its Idempotency-Key from being done again. What it remembers is
// written in the transaction of the deed itself: no deed without its memory, no memory without its deed. It holds ids, codes
// and hashes, never a value and never what a client wrote, and it decides about no right: what a replay shows is read anew.
package once

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/viewer"
)

// Did is what is remembered of a deed.
type Did struct {
	Subject  string   // id of what it was about
	Made     string   // id of what it made, if it made something
	Part     string   // id of the part of its subject that it touched
	Outcomes []string // the id or the code of each part, where parts end each in their own way
}

// Again is the error of a deed that was done already: nothing was written, and this is what was done then.
type Again struct{ Did Did }

// Error names no key and no id.
func (*Again) Error() string { return "once: done already under this key" }

// claim is the key of one mutation of one request, and what comes of it.
type claim struct {
	user     string
	lookup   string // of the account's key
	mutation string
	input    []byte
	spent    bool // its deed is done: what the same verb does after it has no key
	did      Did
}

type claimKey struct{}

// With puts the key of one mutation into ctx. Keys belong to the account: two people who use the same one do not meet.
// Without an account there is nobody to remember it for.
func With(ctx context.Context, key, mutation string, input []byte) context.Context {
	v := viewer.From(ctx)
	if !v.SignedIn() {
		return ctx
	}
	sum := sha256.Sum256([]byte(v.UserID + "\x00" + key))
	c := &claim{user: v.UserID, lookup: hex.EncodeToString(sum[:]), mutation: mutation, input: input}
	return context.WithValue(ctx, claimKey{}, c)
}

// from returns the claim that waits for its deed.
func from(ctx context.Context) (*claim, bool) {
	c, ok := ctx.Value(claimKey{}).(*claim)
	return c, ok && !c.spent
}

// Note remembers which rows an allowed deed is about; access calls it for each, so that a verb need not.
func Note(ctx context.Context, subject, made, part string) {
	c, ok := from(ctx)
	if !ok {
		return
	}
	if c.did.Subject == "" {
		c.did.Subject = subject
	}
	if made != "" {
		c.did.Made = made
	}
	if c.did.Part == "" {
		c.did.Part = part
	}
}

// MadeNothing corrects what Note was told: the deed could have made a row, and made none.
func MadeNothing(ctx context.Context) {
	if c, ok := from(ctx); ok {
		c.did.Made = ""
	}
}

// Outcomes remembers how each part of a deed ended: the id of what came of it, or the code of why nothing did.
func Outcomes(ctx context.Context, idsOrCodes []string) {
	if c, ok := from(ctx); ok {
		c.did.Outcomes = idsOrCodes
	}
}

func mismatch() error {
	return fault.Refuse(fault.IdempotencyMismatch,
		"this Idempotency-Key was used for another request: take a new one for each thing that you do")
}
