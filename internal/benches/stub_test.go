package benches

import "testing"

func measurePages(t *testing.T, w *town)    {}
func measureChecks(t *testing.T, w *town)   {}
func measurePeers(t *testing.T, out *table) {}
