//go:build tools

package main

// The generators, pinned: `go generate` finds the versions of go.mod.
import (
	_ "entgo.io/ent/cmd/ent"
	_ "github.com/99designs/gqlgen"
)
