package gqlhttp

import (
	"bytes"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
)

// decodeBody reads the whole body as one JSON object. Unknown keys are ignored, of equal keys the last counts,
// and nothing may follow the object. Keys match exactly: encoding/json would also take "QUERY" for query.
func decodeBody(body []byte) (*graphql.RawParams, *refusal) {
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		return nil, &refusal{status: 400, code: CodeBatchingDisabled, message: "Send one operation per request."}
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, badRequest("The request body is not a JSON object.")
	}
	params := new(graphql.RawParams)
	var no *refusal
	if params.Query, no = decodeText("query", fields["query"]); no != nil {
		return nil, no
	}
	if params.OperationName, no = decodeText("operationName", fields["operationName"]); no != nil {
		return nil, no
	}
	if params.Variables, no = decodeObject("variables", fields["variables"]); no != nil {
		return nil, no
	}
	if params.Extensions, no = decodeObject("extensions", fields["extensions"]); no != nil {
		return nil, no
	}
	return params, missingQuery(params, fields["documentId"] != nil)
}

func decodeText(name string, raw json.RawMessage) (string, *refusal) {
	var text string
	if raw != nil && json.Unmarshal(raw, &text) != nil {
		return "", badRequest(`The parameter "` + name + `" must be a string.`)
	}
	return text, nil
}

// decodeObject keeps numbers as they were written: a float64 would round ids and 64-bit integers.
func decodeObject(name string, raw []byte) (map[string]any, *refusal) {
	if len(raw) == 0 {
		return nil, nil
	}
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&object) != nil || d.InputOffset() < int64(len(bytes.TrimRight(raw, " \t\r\n"))) {
		return nil, badRequest(`The parameter "` + name + `" must be a JSON object.`)
	}
	return object, nil
}

// missingQuery refuses a request without a document. One that names a stored document gets the code that makes
// its client send the text.
func missingQuery(params *graphql.RawParams, byID bool) *refusal {
	switch {
	case params.Query != "":
		return nil
	case byID || params.Extensions["persistedQuery"] != nil:
		return &refusal{status: 400, code: CodePersistedQueryNotFound, message: "No such stored document: send the query."}
	}
	return badRequest(`The parameter "query" is missing.`)
}
