package gqlhttp

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// admission parses and measures a document that is not known yet, before gqlgen parses it again and validates it.
// Parsing twice costs a millisecond at worst; validating a document of repeated fields costs 200 times that.
type admission struct {
	cache  *documentCache
	limits Limits
}

func (admission) ExtensionName() string                   { return "Admission" }
func (admission) Validate(graphql.ExecutableSchema) error { return nil }

func (a admission) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	if err := checkVariables(params.Variables); err != nil {
		return err
	}
	if _, known := a.cache.Get(ctx, params.Query); known {
		return nil
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: params.Query}, maxTokens)
	if err != nil {
		return parseError(err)
	}
	return a.limits.check(doc)
}

// parseError keeps the place; the sentence is chosen later from the closed list.
func parseError(err error) *gqlerror.Error {
	out := gqlerror.WrapIfUnwrapped(err)
	out.Extensions = map[string]any{"code": CodeParseFailed}
	return out
}

const (
	maxCachedDocuments = 1000
	maxCachedText      = 8 << 10
	maxCachedNodes     = 300
)

// documentCache keeps validated documents, and only small ones: a thousand of the largest that are admitted
// would hold half a gigabyte for whoever sends them.
type documentCache struct{ *lru.LRU[*ast.QueryDocument] }

func newDocumentCache() *documentCache {
	return &documentCache{lru.New[*ast.QueryDocument](maxCachedDocuments)}
}

func (c *documentCache) Add(ctx context.Context, query string, doc *ast.QueryDocument) {
	if len(query) <= maxCachedText && census(doc).nodes <= maxCachedNodes {
		c.LRU.Add(ctx, query, doc)
	}
}
