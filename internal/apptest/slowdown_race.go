//go:build race

package apptest

// Slowdown is how much longer everything takes in this build, under the race detector.
const Slowdown = 10
