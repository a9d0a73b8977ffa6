// Package policy is the law: Rego modules that say who may do what, and the engine that gives each rule four forms. A
// rule is an SQL predicate (which rows somebody sees), a decision with reasons by OPA on exactly the facts that the
// rule reads (whether a deed is allowed), boolean columns (what somebody may do with each row of a page), and an
// explanation (why, and who can).
//
// It never guesses: a rule that has no exact SQL form refuses the whole law at load, any error denies, and a deed needs
// the yes of OPA and of SQL. It knows tables only from the generated vocabulary and imports no generated code.
//
// The way of a rule through the files: modules.go parses, checks and tests the law; presence.go makes a copy to
// translate; translate.go, body.go, reference.go, expression.go, quantify.go and inline.go turn the residual of partial
// evaluation into a formula (ir.go); simplify.go, elide.go and factor.go shape it; sql.go, shapes.go, facts.go and
// columns.go write it as programs (program.go); filter.go, check.go, columns.go, why.go and who.go answer with
// these; veil.go and ways.go say how who.go leaves groups out, and by which roles somebody can.
package policy
