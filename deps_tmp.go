//go:build deps

package main

import (
	_ "ariga.io/atlas/sql/sqltool"
	_ "entgo.io/ent/entc"
	_ "github.com/99designs/gqlgen/graphql/handler"
	_ "github.com/alecthomas/kong"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/lib/pq"
	_ "github.com/oklog/ulid/v2"
	_ "github.com/open-policy-agent/opa/v1/cover"
	_ "github.com/open-policy-agent/opa/v1/format"
	_ "github.com/open-policy-agent/opa/v1/rego"
	_ "github.com/open-policy-agent/opa/v1/tester"
	_ "github.com/pressly/goose/v3"
	_ "github.com/pressly/goose/v3/lock"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/throttled/throttled/v2/store/memstore"
	_ "github.com/tink-crypto/tink-go/v2/aead"
	_ "github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	_ "github.com/tink-crypto/tink-go/v2/prf"
	_ "go.uber.org/goleak"
	_ "golang.org/x/crypto/argon2"
	_ "golang.org/x/sync/semaphore"
	_ "golang.org/x/term"
	_ "golang.org/x/mod/module"
	_ "modernc.org/sqlite"
	_ "pgregory.net/rapid"
)
