//go:build !linux

package pgtest

// folder is where clusters are made: empty for the system's temporary files.
func folder() string { return "" }
