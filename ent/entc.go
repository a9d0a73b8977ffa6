//go:build ignore

// Entc generates the ent package and the vocabulary that policies may use.
package main

import (
	"log"

	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"
)

func main() {
	err := entc.Generate("./schema", &gen.Config{
		Features: []gen.Feature{gen.FeaturePrivacy, gen.FeatureSnapshot, gen.FeatureVersionedMigration, gen.FeatureLock},
		Hooks:    []gen.Hook{writeVocabulary("../policy/vocabulary.json")},
	}, entc.TemplateDir("./template"))
	if err != nil {
		log.Fatalf("generate ent: %v", err)
	}
}
