//go:build race

package gqlhttp_test

// The race detector makes everything that much slower.
const slowdown = 10
