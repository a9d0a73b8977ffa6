package graph

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/collaborator"
	"github.com/keyhall/keyhall/ent/organizationmember"
	"github.com/keyhall/keyhall/ent/projectmember"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/keyhall"
	"github.com/keyhall/keyhall/internal/traffic"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
)

// request is what one operation remembers: what the viewer may do with, and is on, the rows of its pages.
type request struct {
	can          map[string]*batch[[]string] // by Ent type
	place        *batch[*ent.Collaborator]
	project      *batch[*projectmember.Role]
	organization *batch[*organizationmember.Role]
	security     *batch[*ent.SecuritySettings] // by key
	jwtKeys      *batch[[]*ent.JWTKey]         // by key
	limits       *batch[*Limits]               // by key, project or organization
	rates        *batch[traffic.Standing]      // by all that a rate is
	budgets      *batch[traffic.Budget]        // by all that a spend limit is
	clock        *batch[int64]
	shared       *batch[bool]            // by secret
	owners       *batch[*ent.User]       // by secret
	grantees     *batch[keyhall.Grantee] // by grant
	members      *batch[*ent.User]       // by membership of a group
	usages       atomic.Int64            // how many were asked for
	places       *batch[keyhall.Grantee] // by membership of a project
}

func (r *Resolver) newRequest() *request {
	q := &request{can: map[string]*batch[[]string]{}}
	for typ, ps := range r.permissionsByType() {
		q.can[typ] = newBatch(func(ctx context.Context, ids []string) (map[string][]string, error) {
			return r.can(ctx, typ, ids, ps)
		})
	}
	q.place = newBatch(r.places)
	q.project = newBatch(r.projectRoles)
	q.organization = newBatch(r.organizationRoles)
	q.security = newBatch(r.securitySettings)
	q.jwtKeys = newBatch(r.jwtKeys)
	q.limits = newBatch(r.limitsOf)
	q.rates = newBatch(r.rateStandings)
	q.budgets = newBatch(r.spendBudgets)
	q.clock = newBatch(r.readClock)
	q.shared = newBatch(r.sharedNow)
	q.owners = newBatch(r.House.SecretOwners)
	q.grantees = newBatch(r.House.Grantees)
	q.members = newBatch(r.House.Members)
	q.places = newBatch(r.House.ProjectGrantees)
	return q
}

func (r *Resolver) permissionsByType() map[string][]policy.Permission {
	out := map[string][]policy.Permission{}
	for _, p := range r.House.Law().Permissions() {
		out[p.Type] = append(out[p.Type], p.Name)
	}
	return out
}

func (r *Resolver) can(ctx context.Context, typ string, ids []string, ps []policy.Permission) (map[string][]string, error) {
	found, err := r.House.Can(ctx, typ, ids, ps)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]string, len(found))
	shared := map[*policy.Permission][]string{} // rows with the same rights share one list of them, and so of their names
	for id, allowed := range found {
		if len(allowed) == 0 {
			out[id] = []string{}
			continue
		}
		if shared[&allowed[0]] == nil {
			shared[&allowed[0]] = sortedNames(allowed)
		}
		out[id] = shared[&allowed[0]]
	}
	return out, nil
}

func sortedNames(ps []policy.Permission) []string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = string(p)
	}
	slices.Sort(out)
	return out
}

func (r *Resolver) places(ctx context.Context, ids []string) (map[string]*ent.Collaborator, error) {
	rows, err := r.Reader.Collaborator().
		Where(collaborator.UserID(viewer.From(ctx).UserID), collaborator.APIKeyIDIn(ids...)).All(ctx)
	out := map[string]*ent.Collaborator{}
	for _, row := range rows {
		out[row.APIKeyID] = row
	}
	return out, err
}

func (r *Resolver) projectRoles(ctx context.Context, ids []string) (map[string]*projectmember.Role, error) {
	rows, err := r.Reader.ProjectMember().
		Where(projectmember.UserID(viewer.From(ctx).UserID), projectmember.ProjectIDIn(ids...)).All(ctx)
	out := map[string]*projectmember.Role{}
	for _, row := range rows {
		out[row.ProjectID] = &row.Role
	}
	return out, err
}

func (r *Resolver) organizationRoles(ctx context.Context, ids []string) (map[string]*organizationmember.Role, error) {
	rows, err := r.Reader.OrganizationMember().
		Where(organizationmember.UserID(viewer.From(ctx).UserID), organizationmember.OrganizationIDIn(ids...)).All(ctx)
	out := map[string]*organizationmember.Role{}
	for _, row := range rows {
		out[row.OrganizationID] = &row.Role
	}
	return out, err
}

type operationKey struct{}

// operation is one answer in the making.
type operation struct {
	memory atomic.Pointer[request]
	void   atomic.Bool           // a field that must not be null was refused: there is no data
	feed   func(context.Context) // of a subscription: the writer is ready for the next event
}

// waitForEvent has the next event of a subscription found out.
func waitForEvent(ctx context.Context) {
	if feed := operationOf(ctx).feed; feed != nil {
		feed(ctx)
	}
}

// inEvent gives what is written of an event its place below the root field: the generated code forgets that.
func inEvent(ctx context.Context, oc *graphql.OperationContext) context.Context {
	fields := graphql.CollectFields(oc, oc.Operation.SelectionSet, []string{"Subscription"})
	if len(fields) != 1 {
		return ctx
	}
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Subscription", Field: fields[0]})
}

func operationOf(ctx context.Context) *operation { return ctx.Value(operationKey{}).(*operation) }

// requestOf is the memory of the operation; after each deed a new one, because rights may have changed.
func requestOf(ctx context.Context) *request { return operationOf(ctx).memory.Load() }

// operations gives each operation its memory and refuses, without an account, every root field that is not @public.
type operations struct{ resolver *Resolver }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
	graphql.OperationInterceptor
	graphql.ResponseInterceptor
	graphql.RootFieldInterceptor
} = operations{}

func (operations) ExtensionName() string                   { return "Operations" }
func (operations) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext refuses a subscription without an account before there is a stream: its root field passes no
// interceptor.
func (operations) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if op.Operation.Operation != ast.Subscription || viewer.From(ctx).SignedIn() {
		return nil
	}
	f := fault.Unauthenticated()
	return &gqlerror.Error{Message: f.Public, Extensions: map[string]any{"code": string(f.Code)}}
}

func (o operations) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := &operation{}
	op.memory.Store(o.resolver.newRequest())
	return next(context.WithValue(ctx, operationKey{}, op))
}

func (o operations) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	field := graphql.GetRootFieldContext(ctx).Field
	if !public(field.Definition) && !viewer.From(ctx).SignedIn() {
		graphql.AddError(ctx, &gqlerror.Error{Err: fault.Unauthenticated(), Message: "", Path: ast.Path{ast.PathName(field.Alias)}})
		if field.Definition.Type.NonNull {
			operationOf(ctx).void.Store(true)
		}
		return graphql.Null
	}
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Mutation {
		operationOf(ctx).memory.Store(o.resolver.newRequest())
	}
	return next(ctx)
}

// InterceptResponse lets the refusal of a field that must not be null take the whole answer, as GraphQL has it: the generated
// code counts only what is refused inside of a query's field.
func (operations) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	op := operationOf(ctx)
	if oc := graphql.GetOperationContext(ctx); oc.Operation.Operation == ast.Subscription {
		ctx = inEvent(ctx, oc)
	}
	response := next(ctx)
	if response != nil && op.void.Load() {
		response.Data = []byte("null")
	}
	return response
}

// public tells whether a root field needs no account; reading the schema is gated by its own switch.
func public(f *ast.FieldDefinition) bool {
	return f.Directives.ForName("public") != nil || f.Name == "__schema" || f.Name == "__type" || f.Name == "__typename"
}
