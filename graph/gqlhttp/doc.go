// Package gqlhttp carries GraphQL over HTTP: it reads one operation from a GET or a POST, refuses what is
// malformed, too large or too costly before any resolver runs, and writes exactly one coded JSON answer, or, for a
// subscription that was asked for by POST, one stream of server-sent events.
//
// It never repeats a value of the request to the client, never answers with a stack or with the text of an
// unclassified error, never runs a mutation on GET, and knows nothing of the schema that it serves:
// who may see what is decided elsewhere.
package gqlhttp
