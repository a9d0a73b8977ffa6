//keyhall:norace
package policy

import (
	"os"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
