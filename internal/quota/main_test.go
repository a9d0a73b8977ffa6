package quota_test

import (
	"os"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// TestMain is also the process that TestKilledProcessesOverspendNoLimit starts and kills.
func TestMain(m *testing.M) {
	if url := os.Getenv("QUOTA_TEST_DATABASE"); url != "" {
		os.Exit(spender(url))
	}
	apptest.Main(m)
}
