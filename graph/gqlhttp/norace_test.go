//go:build !race

package gqlhttp_test

const slowdown = 1
