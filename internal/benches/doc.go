// Package benches holds only measurements: what Keyhall's law costs beside the SQL that a good engineer would write by
// hand, beside the same server without it, and beside two peers on the same facts. It prints ratios of one run and fails
// when a bar is missed; it never prints a bare time, and nothing imports it.
package benches
