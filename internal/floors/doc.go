// Package floors holds only tests: they read the imports of the whole module
// and fail with the offending line when a package reaches up the house, when a
// door goes round the law, or when two pinned versions drift apart. Nothing
// imports it.
package floors
