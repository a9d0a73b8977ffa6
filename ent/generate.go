// Package ent is what Keyhall remembers: generated from ent/schema with the templates of ent/template.
// Everything here but schema/, template/, migrate/main.go, entc.go and this file is generated; nothing here decides anything.
package ent

//go:generate go run -mod=mod entc.go vocabulary.go
