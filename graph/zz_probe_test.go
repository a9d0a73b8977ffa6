package graph_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

func TestProbe(t *testing.T) {
	s := apptest.New(t, apptest.SQLite)
	t.Log(askWithCookie(t, s, s.Anonymous(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", countKeys).Body)
	t.Log(s.Anonymous().Do(t, countKeys, nil).Body)
	t.Log(s.Anonymous().Do(t, `{viewer{email}}`, nil).Body)
	t.Log(s.Anonymous().Do(t, `{a:apiKeys{totalCount}}`, nil))
	t.Log(s.Log.String())
}
