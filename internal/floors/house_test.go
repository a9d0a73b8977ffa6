package floors

// A room is a folder of the module with what is below it, down to the next room.
type room struct {
	floor  int
	path   string
	only   []string // when not nil: all that it may import of ours
	beside []string // neighbours on its own floor that it may import
	never  []string // what it may not import, although it is lower
}

// house is the plan. A room imports from lower floors, and from its own floor
// only the neighbours named; `only` says it more strictly. Tests may climb:
// they drive the house from outside.
func house() []room {
	var nothing = []string{}
	return []room{
		// Leaves: they know nobody.
		{floor: 0, path: "internal/fault", only: nothing},
		{floor: 0, path: "internal/viewer", only: nothing},
		{floor: 0, path: "internal/config", only: nothing},
		{floor: 0, path: "internal/keyring", only: nothing},
		{floor: 0, path: "internal/token", only: nothing},
		{floor: 0, path: "internal/limit", only: nothing},
		{floor: 0, path: "internal/news", only: nothing},
		{floor: 0, path: "internal/page", only: nothing},
		{floor: 0, path: "internal/text", only: nothing},
		{floor: 0, path: "internal/allow", only: nothing},
		{floor: 0, path: "internal/pubkey", only: nothing},
		{floor: 0, path: "internal/traffic", only: nothing},
		{floor: 0, path: "internal/places", only: nothing},
		{floor: 0, path: "internal/money", only: nothing},

		// The law. It never learns what the memory looks like but through its vocabulary.
		{floor: 0, path: "policy/internal/core", only: nothing},
		{floor: 1, path: "policy/lock", only: []string{"policy/internal/core"}},
		{floor: 2, path: "policy", only: []string{"policy/internal/core", "policy/lock"}},

		// The memory.
		{floor: 3, path: "ent/schema", only: []string{"policy/lock"}},
		{floor: 4, path: "ent", only: []string{"ent/schema", "policy/lock", "internal/page"}},
		{floor: 5, path: "internal/store"},

		// The services that verbs stand on.
		{floor: 6, path: "internal/once"},
		{floor: 6, path: "internal/access", beside: []string{"internal/once"}},
		{floor: 6, path: "internal/audit", beside: []string{"internal/access"}},
		{floor: 6, path: "internal/mail"},
		{floor: 6, path: "internal/epoch"},
		{floor: 6, path: "internal/verify", beside: []string{"internal/epoch"}},
		{floor: 6, path: "internal/quota"},
		{floor: 6, path: "internal/webhook"},
		{floor: 6, path: "internal/usage"},
		{floor: 6, path: "internal/authn", beside: []string{"internal/access", "internal/audit", "internal/mail", "internal/once"}},

		{floor: 6, path: "internal/instance", beside: []string{"internal/audit"}},

		// The verbs.
		{floor: 7, path: "internal/keyhall"},

		// The doors. A door asks verbs and reads; it never decides.
		{floor: 8, path: "graph", never: []string{"internal/access", "policy/lock"}},
		{floor: 8, path: "console", only: nothing},
		{floor: 8, path: "internal/web", beside: []string{"console"}},

		// The program, and what only tests and people at a terminal use.
		{floor: 9, path: "internal/app"},
		{floor: 10, path: "internal/cli"},
		{floor: 11, path: "."},
		{floor: 12, path: "internal/apptest"},
		{floor: 0, path: "internal/figures", only: nothing},
		{floor: 0, path: "internal/floors", only: nothing},
		{floor: 0, path: "client", only: nothing},
	}
}
