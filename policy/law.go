package policy

import (
	"embed"
	"io/fs"
)

//go:embed keyhall vocabulary.json
var lawFiles embed.FS // go:embed needs a variable; nobody writes it

// Law is the law that is built in: the Rego modules with their tests, and the vocabulary that they may speak of.
func Law() fs.FS { return lawFiles }
