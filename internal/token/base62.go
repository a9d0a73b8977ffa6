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

func isBase62(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
