package quota_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }
