package policy

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"golang.org/x/sync/errgroup"
)

// rootAlias is what generated statements call the resource, and userAlias a user who may be the subject.
const (
	rootAlias = "r"
	userAlias = "u"
)

// kind is what the rules about one type share.
type kind struct {
	infos  []PermissionInfo
	root   *row      // one a type, so that conditions of its permissions can be compared
	lenses *ast.Term // nil: the type has no table of roles
}

// build turns every permission into its forms, then every type into its columns.
func (r *Revision) build(ctx context.Context, l law, infos []PermissionInfo) error {
	kinds := map[string]*kind{}
	for _, info := range infos {
		k := kinds[info.Type]
		if k == nil {
			k = &kind{root: &row{entity: l.vocabulary[info.Type]}}
			kinds[info.Type] = k
		}
		k.infos = append(k.infos, info)
	}
	// Types have nothing to do with each other: a start waits for half of the work on two cores.
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(runtime.GOMAXPROCS(0))
	var adding sync.Mutex
	for _, typ := range byWork(kinds) {
		k := kinds[typ]
		all.Go(func() error {
			rules, columns, err := r.buildKind(ctx, l, typ, k)
			adding.Lock()
			defer adding.Unlock()
			for _, u := range rules {
				r.rules[u.info.Name] = u
			}
			if columns != nil {
				r.types[typ] = columns
			}
			return err
		})
	}
	return all.Wait()
}

// byWork are the types, those with the most permissions first: so none of them is begun when the others are done.
func byWork(kinds map[string]*kind) []string {
	types := slices.Sorted(maps.Keys(kinds))
	slices.SortStableFunc(types, func(a, b string) int { return len(kinds[b].infos) - len(kinds[a].infos) })
	return types
}

// buildKind is the rules about one type, and the columns of the type if they are about rows.
func (r *Revision) buildKind(ctx context.Context, l law, typ string, k *kind) (rules []*rule, columns *typeColumns, err error) {
	if k.lenses, err = r.roles[snake(typ)].lenses(); err != nil {
		return nil, nil, err
	}
	for _, info := range k.infos {
		u, err := r.buildRule(ctx, l, info, k)
		if err != nil {
			return nil, nil, err
		}
		rules = append(rules, u)
	}
	if typ != "" {
		columns, err = r.buildType(typ, k.root, rules)
	}
	return rules, columns, err
}
func (r *Revision) buildRule(ctx context.Context, l law, info PermissionInfo, k *kind) (*rule, error) {
	root := k.root
	u := &rule{info: info, root: root, forms: map[posture]*forms{}}
	path := "data.keyhall." + string(info.Name)
	f, err := l.translate(ctx, info, path+" == true", root)
	if err != nil {
		return nil, err
	}
	if err := checkArms(f, info); err != nil {
		return nil, err
	}
	u.formula = f
	read := []formula{f}
	if u.allow, err = l.query(ctx, path); err != nil {
		return nil, err
	}
	reasons := "data.keyhall." + info.Name.Noun() + ".reasons"
	if len(l.decides.GetRulesExact(ast.MustParseRef(reasons))) > 0 {
		why, err := l.translate(ctx, info, reasons+"[_]", root)
		if err != nil {
			return nil, fmt.Errorf("policy: reasons: %w", err)
		}
		read = append(read, why)
		query, err := l.query(ctx, reasons)
		if err != nil {
			return nil, err
		}
		u.reasons = &query
	}
	u.facts = factsOf(l.vocabulary, root, read...)
	u.reads = factsRead(f.where)
	maps.Copy(u.reads, factsRead(u.facts.nodes()...))
	for _, p := range postures(u.reads) {
		u.forms[p] = r.buildForms(u, p)
	}
	if r.vocabulary["User"].Table != "" {
		u.who = sync.OnceValue(func() who { return r.buildWho(u, veil{}) })
		if v := r.veilOf(u); v.drawn() {
			u.veiled = sync.OnceValue(func() who { return r.buildWho(u, v) })
		}
	}
	if k.lenses != nil {
		u.ways = sync.OnceValues(func() (*ways, error) {
			return l.ways(context.WithoutCancel(ctx), path, snake(info.Type), k.lenses)
		})
	}
	return u, nil
}

func (l law) query(ctx context.Context, text string) (rego.PreparedEvalQuery, error) {
	q, err := rego.New(rego.Compiler(l.decides), rego.Query(text), rego.StrictBuiltinErrors(true)).PrepareForEval(ctx)
	if err != nil {
		return q, fmt.Errorf("policy: prepare %s: %w", text, err)
	}
	return q, nil
}

func (r *Revision) buildForms(u *rule, p posture) *forms {
	where := factor(elide(fold(u.formula.where, p)))
	f := &forms{where: where, decide: r.statement(r.decideProgram(u, where, p))}
	if u.info.Type != "" {
		f.one = newPhrase(r.dialect, filterProgram(r.dialect, u.root, where, One))
		f.few = newPhrase(r.dialect, filterProgram(r.dialect, u.root, where, Few))
		f.many = newPhrase(r.dialect, filterProgram(r.dialect, u.root, where, Many))
		f.count = r.statement(countProgram(r.dialect, u.root, where))
	}
	return f
}

// decideProgram is the one statement of a decision: the facts, the clock, and the predicate as a column.
func (r *Revision) decideProgram(u *rule, where node, p posture) program {
	w := newWriter(r.dialect)
	w.root = rootAlias
	w.raw("SELECT ")
	w.answer(u, where, p)
	if u.info.Type == "" {
		return w.program()
	}
	w.raw(" FROM ")
	w.table(u.root.entity, rootAlias)
	w.raw(" WHERE " + w.name(rootAlias, u.root.entity.Fields[primaryKey].Column) + " = ")
	w.hole(slotID)
	return w.program()
}

// answer writes the columns of a decision.
func (w *writer) answer(u *rule, where node, p posture) {
	if w.postgres() {
		w.raw("CAST(")
		u.facts.write(w, rootAlias, p.fold)
		w.raw(" AS text)")
	} else {
		u.facts.write(w, rootAlias, p.fold)
	}
	w.raw(", ")
	w.now()
	w.raw(", (")
	w.node(where)
	w.raw(") IS TRUE")
}

// listStatement is a filter as a statement of its own.
func (r *Revision) listStatement(u *rule, where *phrase) statement {
	if u.info.Type == "" {
		return statement{}
	}
	w := newWriter(r.dialect)
	w.raw("SELECT " + w.name(rootAlias, u.root.entity.Fields[primaryKey].Column) + " FROM ")
	w.table(u.root.entity, rootAlias)
	w.raw(" WHERE ")
	for _, p := range where.program {
		w.raw(p.text)
		if p.root != "" {
			w.raw(w.name(rootAlias, p.root))
		}
		if p.hole != nil {
			w.hole(p.hole)
		}
	}
	return r.statement(w.program())
}
