// What measures Keyhall beside hand-written SQL and beside its peers: a module of its own, so that the peers are no
// dependency of the product.
module github.com/keyhall/keyhall/internal/benches

go 1.26.0

replace github.com/keyhall/keyhall => ../..

// As in the product's own go.mod: a replacement holds only for the module that is built.
replace github.com/google/pprof => github.com/google/pprof v0.0.0-20250317173921-a4b03ec1a45e

replace golang.org/x/exp => golang.org/x/exp v0.0.0-20251023183803-a4bb9ffd2546

require github.com/keyhall/keyhall v0.0.0-00010101000000-000000000000

require (
	github.com/bmatcuk/doublestar/v4 v4.6.1 // indirect
	github.com/casbin/casbin/v2 v2.135.0 // indirect
	github.com/casbin/govaluate v1.3.0 // indirect
	github.com/cedar-policy/cedar-go v1.9.0 // indirect
	github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3 // indirect
	github.com/google/uuid v1.6.0 // indirect
	golang.org/x/exp v0.0.0-20220921023135-46d9e7742f1e // indirect
)
