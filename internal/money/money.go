// Package money is amounts of a currency: exact decimal text outside, whole millionths inside. It never holds a float, never
// rounds, and knows nothing of what is bought.
package money

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Scale is how many millionths make one.
const Scale = 1_000_000

const places = 6

// Money is an amount of a currency.
type Money struct {
	Amount   int64  // millionths
	Currency string // three letters of ISO 4217
}

// Parse reads a decimal as people write it: 12, 0.5, -3.000001. At most six places are behind the point, as no more are kept.
func Parse(text string) (int64, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, rest, point := strings.Cut(digits, ".")
	if !allDigits(whole) || point && (!allDigits(rest) || len(rest) > places) || len(whole) > 13 {
		return 0, errors.New("write an amount as digits with at most six places behind a point, as in \"12.50\"")
	}
	n, err := strconv.ParseUint(whole+rest+strings.Repeat("0", places-len(rest)), 10, 64)
	if err != nil || n > math.MaxInt64 {
		return 0, errors.New("this amount is too large")
	}
	if negative {
		return -int64(n), nil
	}
	return int64(n), nil
}

func allDigits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// Format writes an amount without anything that says nothing: 12.5, 12, -0.000001.
func Format(amount int64) string {
	sign, n := "", uint64(amount)
	if amount < 0 {
		sign, n = "-", -n
	}
	out := strconv.FormatUint(n/Scale, 10)
	if rest := n % Scale; rest != 0 {
		text := strconv.FormatUint(rest, 10)
		out += "." + strings.TrimRight(strings.Repeat("0", places-len(text))+text, "0")
	}
	return sign + out
}

// IsCurrency tells whether a text looks like a code of ISO 4217.
func IsCurrency(code string) bool {
	return len(code) == 3 && !strings.ContainsFunc(code, func(r rune) bool { return r < 'A' || r > 'Z' })
}
