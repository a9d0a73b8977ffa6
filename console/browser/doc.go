// Package browser holds only tests: a real browser and real GraphQL clients, written in JavaScript beside it, use a running
// Keyhall. Nothing imports it.
package browser
