package quota

import (
	"time"

	"github.com/keyhall/keyhall/internal/traffic"
)

// reading is how one rate stands.
type reading struct {
	rate      traffic.Rate
	remaining int64
	reset     time.Duration // until all of it is there again
	after     time.Duration // until one more passes; above 0: it refuses now
}

// standing is what is said of several rates: of those that refuse, the one that refuses longest, else the one with the least left.
func standing(readings []reading) traffic.Standing {
	said := readings[0]
	for _, r := range readings[1:] {
		if r.after > said.after || r.after == said.after && r.remaining < said.remaining {
			said = r
		}
	}
	s := traffic.Standing{
		Code: traffic.Valid, Limited: true, Limit: said.rate.Requests, Window: said.rate.Window, Remaining: said.remaining, Reset: said.reset,
	}
	if said.after > 0 {
		s.Code, s.After = traffic.RateLimited, said.after
	}
	return s
}

// refuses tells whether any of them does.
func refuses(readings []reading) bool {
	for _, r := range readings {
		if r.after > 0 {
			return true
		}
	}
	return false
}
