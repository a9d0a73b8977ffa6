//go:build !race

package apptest

// Slowdown is how much longer everything takes in this build: what a test allows of time is multiplied by it.
const Slowdown = 1
