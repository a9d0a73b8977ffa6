//keyhall:norace
package money_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/money"
)

func TestAnAmountIsReadExactlyOrNotAtAll(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "12": 12_000_000, "12.5": 12_500_000, "0.000001": 1, "-3.000001": -3_000_001, "007.50": 7_500_000, "-0": 0,
		"9223372036854.775807": math.MaxInt64,
	} {
		if got, err := money.Parse(text); err != nil || got != want {
			t.Errorf("%s is %d (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-", ".", "1.", ".5", "1.0000001", "1e3", "+1", " 1", "1,5", "0x10", "１", "1_000", "NaN", "Inf", "--1", "1.2.3", "9223372036854.775808", strings.Repeat("9", 40)} {
		if got, err := money.Parse(text); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

func TestAnAmountIsWrittenAsItIs(t *testing.T) {
	t.Parallel()
	for amount, want := range map[int64]string{
		0: "0", 12_000_000: "12", 12_500_000: "12.5", 1: "0.000001", -1: "-0.000001", -3_000_001: "-3.000001",
		math.MaxInt64: "9223372036854.775807", math.MinInt64: "-9223372036854.775808",
	} {
		if got := money.Format(amount); got != want {
			t.Errorf("%d is written %s, want %s", amount, got, want)
		}
	}
}

// What is read is the number that is written, exactly; big.Rat is the other opinion.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"0", "12.5", "-0.000001", "9223372036854.775807", "1e9", "1.0000000", "٣"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := money.Parse(text)
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok || want.Cmp(big.NewRat(got, money.Scale)) != 0 {
			t.Fatalf("%q is read as %d millionths", text, got)
		}
		if again, err := money.Parse(money.Format(got)); err != nil || again != got {
			t.Fatalf("%d is written %s and read as %d (%v)", got, money.Format(got), again, err)
		}
	})
}
