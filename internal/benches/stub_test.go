package benches

import "testing"

func measurePeers(t *testing.T, out *table) {}
