package graph_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/app"
	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/policy"
)

// Every statement that the built-in law can write is one that the database takes, with the tables that there are. A server writes
// some of them only when it is asked, so they are all prepared here, as those of a law of the operator's are at each start.
//
//keyhall:norace
func TestTheDatabaseTakesEveryStatementOfTheBuiltInLaw(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(*testing.T, *apptest.Server) {}, func(c *app.Config) { c.Law = policy.Law() }, withLinks)
}
