package gqlhttp

import (
	"net/http"
	"net/url"

	"github.com/99designs/gqlgen/graphql"
)

// readGet reads an operation from the query string, where variables and extensions are JSON texts.
// The limit of a body holds for a query string too: what follows costs the same.
func readGet(r *http.Request, limit int64) (*graphql.RawParams, *refusal) {
	if int64(len(r.URL.RawQuery)) > limit {
		return nil, &refusal{status: http.StatusRequestURITooLong, code: CodeBadRequest, message: "The query string is too long."}
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequest("The query string is malformed.")
	}
	params := &graphql.RawParams{Query: values.Get("query"), OperationName: values.Get("operationName")}
	var no *refusal
	if params.Variables, no = decodeObject("variables", []byte(values.Get("variables"))); no != nil {
		return nil, no
	}
	if params.Extensions, no = decodeObject("extensions", []byte(values.Get("extensions"))); no != nil {
		return nil, no
	}
	return params, missingQuery(params, values.Has("documentId"))
}
