package app

import (
	"context"

	"github.com/keyhall/keyhall/internal/traffic"
)

// unlimited lets everything pass.
type unlimited struct{}

func (unlimited) Take(context.Context, *traffic.Key, int64) (traffic.Standing, error) {
	return traffic.Standing{Code: traffic.Valid}, nil
}

// uncounted forgets what was decided.
type uncounted struct{}

func (uncounted) Count(context.Context, traffic.Use) error { return nil }
