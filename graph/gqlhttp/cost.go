package gqlhttp

import (
	"cmp"
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Pages bound what paged fields may return. Zero means the default.
type Pages struct {
	Default int // rows when neither first nor last is given; 30
	Max     int // rows of one page; 100
	Nodes   int // rows of a whole operation; 10,000
}

func (p Pages) withDefaults() Pages {
	return Pages{Default: cmp.Or(p.Default, 30), Max: cmp.Or(p.Max, 100), Nodes: cmp.Or(p.Nodes, 10_000)}
}

// pageCost counts the rows that an operation may return: a page costs its size times one plus what each row holds.
// A list without a page is taken for one row: the schema has to page whatever can grow.
type pageCost struct{ pages Pages }

func (pageCost) ExtensionName() string                   { return "PageCost" }
func (pageCost) Validate(graphql.ExecutableSchema) error { return nil }

func (c pageCost) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	b := &bill{pages: c.pages, variables: op.Variables, memo: map[string]int{}}
	rows, err := b.set(op.Operation.SelectionSet)
	if err != nil {
		return err
	}
	if rows > c.pages.Nodes {
		return coded(CodeOperationTooLarge,
			fmt.Sprintf("The operation may return %d nodes; the limit is %d. Ask for smaller pages.", rows, c.pages.Nodes))
	}
	return nil
}

// bill adds up one operation. Its variables are the same wherever a fragment is spread,
// so a fragment costs the same everywhere and is counted once.
type bill struct {
	pages     Pages
	variables map[string]any
	memo      map[string]int
	path      ast.Path // of the field under way, as it would be in the response
}

func (b *bill) set(selections ast.SelectionSet) (total int, err *gqlerror.Error) {
	for _, selection := range selections {
		rows := 0
		switch s := selection.(type) {
		case *ast.Field:
			rows, err = b.field(s)
		case *ast.InlineFragment:
			rows, err = b.set(s.SelectionSet)
		case *ast.FragmentSpread:
			rows, err = b.fragment(s.Definition)
		}
		if err != nil {
			return 0, err
		}
		total = min(total+rows, ceiling)
	}
	return total, nil
}

func (b *bill) fragment(f *ast.FragmentDefinition) (int, *gqlerror.Error) {
	if rows, known := b.memo[f.Name]; known {
		return rows, nil
	}
	rows, err := b.set(f.SelectionSet)
	b.memo[f.Name] = rows
	return rows, err
}

func (b *bill) field(f *ast.Field) (int, *gqlerror.Error) {
	b.path = append(b.path, ast.PathName(f.Alias))
	defer func() { b.path = b.path[:len(b.path)-1] }()
	size, problem := b.pages.size(f, b.variables)
	if problem != "" {
		err := coded(CodeBadUserInput, problem)
		err.Path = plainPath(b.path)
		err.Locations = []gqlerror.Location{{Line: f.Position.Line, Column: f.Position.Column}}
		return 0, err
	}
	inner, err := b.set(f.SelectionSet)
	switch {
	case err != nil:
		return 0, err
	case size == unpaged:
		return inner, nil
	case onlyCounts(f.SelectionSet):
		return 1, nil
	}
	return min(max(size, 1)*(1+inner), ceiling), nil
}

// onlyCounts tells whether a connection is asked for nothing that needs its rows.
func onlyCounts(selections ast.SelectionSet) bool {
	for _, selection := range selections {
		f, ok := selection.(*ast.Field)
		if !ok || f.Name != "totalCount" && f.Name != "__typename" {
			return false
		}
	}
	return len(selections) > 0
}

// plainPath copies a path, or gives up one that holds an alias too long to be repeated.
func plainPath(path ast.Path) ast.Path {
	for _, element := range path {
		if name, ok := element.(ast.PathName); ok && len(name) > maxName {
			return nil
		}
	}
	return append(ast.Path(nil), path...)
}
