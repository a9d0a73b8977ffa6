package keyhall

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/keyhall/keyhall/ent"
	"github.com/keyhall/keyhall/ent/auditevent"
	"github.com/keyhall/keyhall/ent/secret"
	"github.com/keyhall/keyhall/ent/secretversion"
	"github.com/keyhall/keyhall/internal/access"
	"github.com/keyhall/keyhall/internal/audit"
	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/page"
	"github.com/keyhall/keyhall/internal/viewer"
	"github.com/keyhall/keyhall/policy"
	"github.com/keyhall/keyhall/policy/lock"
)

// Exposure is a secret whose value somebody has looked at.
type Exposure struct {
	Secret       *ent.Secret // nil where the viewer does not see it
	APIKey       *ent.APIKey
	ResourceID   string
	Name         string
	RevealedAt   time.Time
	RotatedSince bool
}

// ExposureEdge is one row of a page.
type ExposureEdge struct {
	Node   *Exposure
	Cursor page.Cursor
}

// ExposureConnection is a page of what somebody has looked at.
type ExposureConnection struct {
	Edges    []*ExposureEdge
	PageInfo page.Info
	count    func(context.Context) (int, error)
}

// Nodes are the rows of the page.
func (c *ExposureConnection) Nodes() []*Exposure {
	out := make([]*Exposure, len(c.Edges))
	for i, e := range c.Edges {
		out[i] = e.Node
	}
	return out
}

// TotalCount counts all rows of the list; it costs a query of its own.
func (c *ExposureConnection) TotalCount(ctx context.Context) (int, error) { return c.count(ctx) }

// ExposureReport is about whom, and whether it names what was replaced since too.
type ExposureReport struct {
	OrganizationID, PersonID string
	Rotated                  bool
}

const viewOffboarding policy.Permission = "organization.view_offboarding"

// ExposureReport lists the secrets of an organization that somebody revealed the value in use of. Who holds
// organization.view_offboarding is told of all of them, who owns secrets there of these, unless their token leaves the
// permission out. Errors: NOT_FOUND, FORBIDDEN, BAD_USER_INPUT.
func (h *House) ExposureReport(ctx context.Context, in ExposureReport, w page.Window) (*ExposureConnection, error) {
	of, err := h.exposed(ctx, in)
	if err != nil {
		return nil, err
	}
	under := func(ctx context.Context) context.Context { return lock.Exposure(ctx, of) }
	rows, err := h.client.Secret.Query().Page(under(ctx), w, page.Order{Column: secret.FieldCreatedAt})
	if err != nil {
		return nil, translate(err)
	}
	c := &ExposureConnection{
		Edges: make([]*ExposureEdge, len(rows.Edges)), PageInfo: rows.PageInfo,
		count: func(ctx context.Context) (int, error) { return rows.TotalCount(under(ctx)) },
	}
	nodes, err := h.exposures(ctx, under(ctx), rows.Nodes())
	for i := range nodes {
		c.Edges[i] = &ExposureEdge{Node: nodes[i], Cursor: rows.Edges[i].Cursor}
	}
	return c, err
}

// exposed says of which secrets the viewer is told.
func (h *House) exposed(ctx context.Context, in ExposureReport) (lock.Exposed, error) {
	of := lock.Exposed{OrganizationID: in.OrganizationID, PersonID: in.PersonID, Stale: in.Rotated}
	thing, err := h.guard.Visible(ctx, in.OrganizationID)
	if err != nil {
		return of, err
	}
	if ent.TypeOf(thing) != ent.TypeOrganization {
		return of, fault.NotFound()
	}
	d, err := h.found(h.guard.Me(ctx, access.Question{Permission: viewOffboarding, Type: ent.TypeOrganization, ID: in.OrganizationID}))
	if err != nil || d.Allow {
		return of, err
	}
	v := viewer.From(ctx)
	if v.Narrowed(string(viewOffboarding)) { // else a token would be told of what it leaves out
		return of, fault.Forbidden(string(viewOffboarding), d.Reasons...)
	}
	of.OwnerID = v.UserID
	owns, err := h.client.Secret.Query().Where(secret.OwnerID(of.OwnerID), secret.OrganizationID(in.OrganizationID)).Exist(ctx)
	if err == nil && !owns {
		return of, fault.Forbidden(string(viewOffboarding), d.Reasons...)
	}
	return of, translate(err)
}

// exposures says of each secret when its value in use was last revealed to the person, or else the newest that they saw. The
// secret itself is as the viewer sees it.
func (h *House) exposures(ctx, under context.Context, secrets []*ent.Secret) ([]*Exposure, error) {
	var ids []string
	for _, s := range secrets {
		ids = append(ids, s.ID)
	}
	var reveals []reveal
	err := h.client.AuditEvent.Query().Where(auditevent.ResourceIDIn(ids...)).
		GroupBy(auditevent.FieldResourceID, auditevent.FieldChanges).Aggregate(ent.As(ent.Max(auditevent.FieldCreatedAt), "last")).Scan(under, &reveals)
	if err != nil {
		return nil, translate(err)
	}
	slices.SortFunc(reveals, func(a, b reveal) int { return cmp.Compare(a.Last, b.Last) })
	seen, err := h.client.Secret.Query().Where(secret.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, translate(err)
	}
	versions, err := h.client.SecretVersion.Query().Where(secretversion.SecretIDIn(ids...)).All(under)
	if err != nil {
		return nil, translate(err)
	}
	visible, trails := map[string]*ent.Secret{}, map[string]*trail{}
	for _, s := range seen {
		visible[s.ID] = s
	}
	for _, s := range secrets {
		trails[s.ID] = &trail{values: map[int]int{}, at: map[int]int64{}}
	}
	for _, v := range versions {
		trails[v.SecretID].values[v.Number] = v.ValueOf
	}
	for _, r := range reveals {
		if err := trails[r.ResourceID].add(r); err != nil {
			return nil, fault.Internal(err)
		}
	}
	out := make([]*Exposure, len(secrets))
	for i, s := range secrets {
		at, current := trails[s.ID].newest(s.Version)
		out[i] = &Exposure{Secret: visible[s.ID], ResourceID: s.ID, Name: s.Name, RevealedAt: time.UnixMicro(at).UTC(), RotatedSince: !current}
	}
	return out, nil
}

// trail is when somebody saw the values of one secret. A value is known by the version that had it first.
type trail struct {
	values map[int]int // of each version
	at     map[int]int64
}

// reveal is when somebody last revealed something with all the same to tell of it.
type reveal struct {
	ResourceID string `json:"resource_id"`
	Changes    []byte `json:"changes"`
	Last       int64  `json:"last"`
}

// add takes a reveal; the newest one of a version comes last.
func (t *trail) add(r reveal) error {
	var changes []audit.Change
	if err := json.Unmarshal(r.Changes, &changes); err != nil {
		return fmt.Errorf("read what a reveal of %s was of: %w", r.ResourceID, err)
	}
	for _, c := range changes {
		if version, err := strconv.Atoi(deref(c.After)); err == nil && c.Field == "version" {
			t.at[t.values[version]] = r.Last
		}
	}
	return nil
}

// newest is when they last saw the value in use, or else the newest of the others.
func (t *trail) newest(version int) (at int64, current bool) {
	if at, current = t.at[t.values[version]]; current {
		return at, true
	}
	best := 0
	for value, when := range t.at {
		if value > best {
			best, at = value, when
		}
	}
	return at, false
}
