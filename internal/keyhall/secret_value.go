package keyhall

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/sealedversion"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/instance"
	"github.com/keyhall/keyhall/internal/keyring"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// The values of secrets: sealed as they come in, opened as those of keys are (reveal.go), after the transaction that
// recorded the reveal is committed and only with its receipt.

// RevealSecret asks for the value of a secret: to look at it, or to copy it.
type RevealSecret struct {
	ID      string
	Copy    bool
	Reason  *string
	Version *int // an earlier one; nil: the one in use
}

// RevealedSecret is a value, of which version it is, and how often the secret was revealed by now.
type RevealedSecret struct {
	Value   keyring.Secret
	Version int
	Count   int64
}

// RevealSecret needs secret.reveal, and secret.restore_version too for an earlier version. Errors: NOT_FOUND, FORBIDDEN,
// RATE_LIMITED, and INVALID, TOO_LONG, REASON_REQUIRED.
func (h *House) RevealSecret(ctx context.Context, in RevealSecret) (RevealedSecret, error) {
	var p problems
	if in.Reason != nil {
		p.text("reason", *in.Reason, maxReason, false, false)
	}
	if err := p.err(); err != nil {
		return RevealedSecret{}, err
	}
	var receipt audit.Receipt
	var row *ent.SealedVersion
	var out RevealedSecret
	err := h.do(ctx, func(tx *ent.Tx) error {
		if err := count(ctx, h.limits.Reveals, viewer.From(ctx).UserID); err != nil {
			return err
		}
		allowed, err := h.guard.Authorize(ctx, tx, "secret.reveal", policy.Deed{ID: in.ID})
		if err != nil {
			return err
		}
		s, err := tx.Secret.Get(ctx, in.ID)
		if err != nil {
			return err
		}
		if out.Version, err = h.revealable(ctx, tx, in, s); err != nil {
			return err
		}
		if receipt, err = audit.Record(ctx, tx, allowed, in.event(s, out.Version)); err != nil {
			return err
		}
		ctx := receipt.Open(ctx)
		row, err = tx.SealedVersion.Query().Where(sealedversion.SecretID(s.ID), sealedversion.Number(out.Version)).Only(ctx)
		if ent.IsNotFound(err) {
			return fault.Refuse(fault.Invalid, "this version has no value", "input", "version")
		}
		if err != nil {
			return err
		}
		if err := h.tellRevealed(ctx, tx, s); err != nil {
			return err
		}
		out.Count = s.RevealCount + 1
		return tx.Secret.UpdateOneID(s.ID).SetRevealCount(out.Count).SetLastUsedAt(allowed.Now).Exec(ctx)
	})
	if err != nil {
		return RevealedSecret{}, err
	}
	out.Value, err = h.openVersion(receipt, "secret.reveal", row)
	return out, err
}

// revealable tells which version is meant, and refuses what cannot be shown.
func (h *House) revealable(ctx context.Context, tx *ent.Tx, in RevealSecret, s *ent.Secret) (int, error) {
	if s.ReasonRequired && (in.Reason == nil || strings.TrimSpace(*in.Reason) == "") {
		return 0, fault.Refuse(fault.ReasonRequired, "say why you need it: this secret asks everybody, and the reason is recorded", "input", "reason")
	}
	if in.Version == nil || *in.Version == s.Version {
		if !s.HasValue {
			return 0, fault.Refuse(fault.Invalid, "this secret has no value yet", "input", "id")
		}
		return s.Version, nil
	}
	const earlier = "secret.restore_version"
	may, err := h.guard.Holds(ctx, tx, earlier, s.ID)
	if err != nil {
		return 0, fault.Internal(err)
	}
	if !may {
		return 0, fault.Forbidden(earlier, "values of earlier versions are shown to who may restore them")
	}
	if *in.Version < 1 || *in.Version > s.Version {
		return 0, fault.Refuse(fault.Invalid, "there is no such version", "input", "version")
	}
	return *in.Version, nil
}

func (in RevealSecret) event(s *ent.Secret, version int) audit.Event {
	typ, which := "secret.revealed", number(version)
	if in.Copy {
		typ = "secret.copied"
	}
	changes := []audit.Change{{Field: "version", After: &which}}
	if in.Reason != nil && strings.TrimSpace(*in.Reason) != "" {
		changes = append(changes, audit.Change{Field: "reason", After: in.Reason})
	}
	return secretEvent(typ, s, changes...)
}

// newVersion writes a version and seals its value, if it has one; the version of a number below has the same, or none has.
func (h *House) newVersion(ctx context.Context, tx *ent.Tx, secretID string, number, valueOf int, value *keyring.Secret) error {
	err := tx.SecretVersion.Create().SetSecretID(secretID).SetNumber(number).SetValueOf(valueOf).SetHasValue(hasValue(value)).
		SetCreatedByID(viewer.From(ctx).UserID).Exec(ctx)
	if err != nil || !hasValue(value) {
		return err
	}
	s, err := h.keys.Seal(*value, instance.SecretVersion(h.install, secretID, number))
	if err != nil {
		return fmt.Errorf("seal the value of a secret: %w", err)
	}
	return tx.SealedVersion.Create().SetSecretID(secretID).SetNumber(number).
		SetWrappedKey(s.WrappedKey).SetCiphertext(s.Ciphertext).SetKeysetID(s.KeysetID).Exec(ctx)
}

// openVersion opens a value for a deed of this permission that was allowed and recorded.
func (h *House) openVersion(r audit.Receipt, permission string, row *ent.SealedVersion) (keyring.Secret, error) {
	if !r.Holds(permission) {
		return keyring.Secret{}, fmt.Errorf("the value of a secret was asked for without the record of %s", permission)
	}
	s := keyring.Sealed{WrappedKey: row.WrappedKey, Ciphertext: row.Ciphertext, KeysetID: row.KeysetID}
	value, err := h.keys.Open(s, instance.SecretVersion(h.install, row.SecretID, row.Number))
	if err != nil {
		return keyring.Secret{}, fmt.Errorf("open the value of a secret (row %s): %w", row.ID, err)
	}
	return value, nil
}

func versionChange(before, after int) audit.Change {
	return audit.Changed("version", number(before), number(after))
}

func number(n int) string { return strconv.Itoa(n) }
