package authn

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"github.com/keyhall/keyhall/internal/fault"
)

// Cost is how dear one guess at a password is made.
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
}

// DefaultCost takes about 180 ms and 64 MiB on a small server. At most two run at a time, so a flood of sign-ins waits
// instead of taking all memory.
func DefaultCost() Cost { return Cost{MemoryKiB: 64 * 1024, Passes: 3} }

const (
	hashing    = 2 // at a time
	saltBytes  = 16
	hashBytes  = 32
	minimumLen = 10
	maximumLen = 1000 // bytes: longer ones only make the hashing slower
)

type passwords struct {
	cost  Cost
	slots *semaphore.Weighted
	decoy string // what an unknown account is compared with, so that it takes as long
}

func newPasswords(c Cost) *passwords {
	p := &passwords{cost: c, slots: semaphore.NewWeighted(hashing)}
	p.decoy = p.format(fresh(), append(fresh(), fresh()...)) // no password has this hash, and none needs to
	return p
}

// hash is the password as it is stored, with what is needed to compare.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return "", fmt.Errorf("wait to hash a password: %w", err)
	}
	defer p.slots.Release(1)
	defer p.sweep()
	return p.compute(password, fresh()), nil
}

// matches compares; no stored hash takes as long as a wrong password, and says no. A hash that is cheaper than one of today
// (old tells) is filled up with work until it takes as long too.
func (p *passwords) matches(ctx context.Context, password, stored string) (ok, old bool, err error) {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return false, false, fmt.Errorf("wait to compare a password: %w", err)
	}
	defer p.slots.Release(1)
	defer p.sweep()
	known := stored != ""
	if !known {
		stored = p.decoy
	}
	h, err := parse(stored)
	if err != nil {
		return false, false, err
	}
	got := argon2.IDKey([]byte(password), h.salt, h.cost.Passes, h.cost.MemoryKiB, 1, hashBytes)
	ok = known && subtle.ConstantTimeCompare(got, h.sum) == 1
	missing := p.cost.work() - h.cost.work()
	if fill := missing / int64(p.cost.Passes); missing > 0 && fill >= 8 {
		argon2.IDKey([]byte(password), h.salt, p.cost.Passes, uint32(fill), 1, hashBytes)
	}
	return ok, missing > 0, nil
}

// work is what takes time: memory that is filled, as often as it is.
func (c Cost) work() int64 { return int64(c.MemoryKiB) * int64(c.Passes) }

// hashed is a stored hash, taken apart.
type hashed struct {
	cost      Cost
	salt, sum []byte
}

func parse(stored string) (hashed, error) {
	var h hashed
	var salt64, sum64 string
	_, err := fmt.Sscanf(stored, "$argon2id$v=19$m=%d,t=%d,p=1$%22s$%43s", &h.cost.MemoryKiB, &h.cost.Passes, &salt64, &sum64)
	if err != nil {
		return h, fmt.Errorf("read a stored password hash: %w", err)
	}
	if h.salt, err = base64.RawStdEncoding.DecodeString(salt64); err != nil {
		return h, fmt.Errorf("read a stored password hash: %w", err)
	}
	if h.sum, err = base64.RawStdEncoding.DecodeString(sum64); err != nil {
		return h, fmt.Errorf("read a stored password hash: %w", err)
	}
	return h, nil
}

// good says what is wrong with a password that somebody chose.
func good(password, field string) error {
	switch {
	case utf8.RuneCountInString(password) < minimumLen:
		return fault.Refuse(fault.Invalid, fmt.Sprintf("a password has at least %d characters", minimumLen), "input", field)
	case len(password) > maximumLen:
		return fault.Refuse(fault.TooLong, fmt.Sprintf("at most %d bytes", maximumLen), "input", field)
	}
	return nil
}

// sweep gives the memory of a run back before the next one takes its own: left to itself the collector lets the garbage of
// several runs stand, and 200 sign-ins at once grew the process by 384 MiB instead of 128, no faster.
func (p *passwords) sweep() {
	if p.cost.MemoryKiB >= 16<<10 {
		runtime.GC()
	}
}

func (p *passwords) compute(password string, salt []byte) string {
	return p.format(salt, argon2.IDKey([]byte(password), salt, p.cost.Passes, p.cost.MemoryKiB, 1, hashBytes))
}

func (p *passwords) format(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", p.cost.MemoryKiB, p.cost.Passes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

func fresh() []byte {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: it stops the program instead
	return salt
}
