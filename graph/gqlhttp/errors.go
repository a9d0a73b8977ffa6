package gqlhttp

import (
	"maps"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The closed list of codes. Every error that leaves carries one of them in extensions.code.
const (
	CodeUnauthenticated        = "UNAUTHENTICATED"
	CodeForbidden              = "FORBIDDEN"
	CodeNotFound               = "NOT_FOUND"
	CodeBadUserInput           = "BAD_USER_INPUT"
	CodeConflict               = "CONFLICT"
	CodeRateLimited            = "RATE_LIMITED"
	CodeTimeout                = "TIMEOUT"
	CodeInternal               = "INTERNAL"
	CodeOperationTooLarge      = "OPERATION_TOO_LARGE"
	CodeBodyTooLarge           = "BODY_TOO_LARGE"
	CodeBadRequest             = "BAD_REQUEST"
	CodeBatchingDisabled       = "BATCHING_DISABLED"
	CodeParseFailed            = "GRAPHQL_PARSE_FAILED"
	CodeValidationFailed       = "GRAPHQL_VALIDATION_FAILED"
	CodePersistedQueryNotFound = "PERSISTED_QUERY_NOT_FOUND"
)

const (
	internalMessage = "Internal error."
	timeoutMessage  = "The operation took too long and was stopped."
)

// IsCode tells whether a code is on the closed list.
func IsCode(code string) bool {
	switch code {
	case CodeUnauthenticated, CodeForbidden, CodeNotFound, CodeBadUserInput, CodeConflict, CodeRateLimited,
		CodeTimeout, CodeInternal, CodeOperationTooLarge, CodeBodyTooLarge, CodeBadRequest, CodeBatchingDisabled,
		CodeParseFailed, CodeValidationFailed, CodePersistedQueryNotFound:
		return true
	}
	return false
}

func codeOf(e *gqlerror.Error) string {
	code, _ := e.Extensions["code"].(string)
	return code
}

func coded(code, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": code}}
}

func oneError(code, message string) gqlerror.List { return gqlerror.List{coded(code, message)} }

// stamped gives each error the request id, on copies: a presenter may hand out one shared value many times.
func stamped(errs gqlerror.List, id string) gqlerror.List {
	out := make(gqlerror.List, len(errs))
	for i, e := range errs {
		c := *e
		c.Extensions = maps.Clone(e.Extensions)
		if c.Extensions == nil {
			c.Extensions = map[string]any{}
		}
		if !IsCode(codeOf(e)) { // an extension that wrote into the response itself
			c.Message = internalMessage
			c.Extensions = map[string]any{"code": CodeInternal}
		}
		c.Extensions["requestId"] = id
		out[i] = &c
	}
	return out
}
