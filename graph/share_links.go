package graph

import (
	"time"

	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/keyring"
)

func (in CreateShareLinkInput) link() keyhall.CreateShareLink {
	lasts := time.Duration(min(max(in.ExpiresInSeconds, 0), longestSeconds)) * time.Second
	once := 1
	times := &once // unless it is said otherwise
	if said, set := in.MaxViews.ValueOK(); set {
		times = said
	}
	return keyhall.CreateShareLink{
		SecretID: in.SecretID, Lasts: lasts, MaxViews: times, Passphrase: conceal(in.Passphrase), RecipientEmail: in.RecipientEmail,
	}
}

// longestSeconds keeps a number of seconds from overflowing; no link lasts as long.
const longestSeconds = 100 * 365 * 24 * 3600

func (in OpenShareLinkInput) opening() keyhall.OpenShareLink {
	return keyhall.OpenShareLink{Token: keyring.NewSecret(in.Token), Passphrase: conceal(in.Passphrase), Code: conceal(in.Code)}
}
