package token

import "crypto/rand"

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// random draws n characters, each equally likely: six bits make 0..63, and 62
// and 63 are thrown away instead of folded back.
func random(n int) string {
	out := make([]byte, 0, n)
	var pool [64]byte
	for {
		rand.Read(pool[:]) // never fails: the runtime ends the process instead
		for _, b := range pool {
			if b &= 63; b < 62 {
				out = append(out, alphabet[b])
			}
			if len(out) == n {
				clear(pool[:])
				return string(out)
			}
		}
	}
}

// encode writes the number in n characters, most significant first.
func encode(number uint32, n int) string {
	out := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		out[i] = alphabet[number%62]
		number /= 62
	}
	return string(out)
}

// isBase62 has no branch that depends on a character: those of a credential are random, and no processor guesses them.
func isBase62(text string) bool {
	const digits, letters = uint64(1<<10-1) << '0', uint64(1<<26-1)<<('A'-64) | uint64(1<<26-1)<<('a'-64)
	alphabet, all := [4]uint64{digits, letters}, uint64(1)
	for i := range len(text) {
		c := text[i]
		all &= alphabet[c>>6] >> (c & 63)
	}
	return all == 1
}
