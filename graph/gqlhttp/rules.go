package gqlhttp

import (
	"errors"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

const (
	maxValidationErrors = 20
	numbersFitRule      = "NumbersFit"
)

// validationRules makes the rules for one document: those of the specification without suggestions, our own about
// numbers, and one budget of errors for all of them (a field in a much used fragment is reported for each use).
func validationRules() *rules.Rules {
	all := rules.NewDefaultRules()
	for loud, quiet := range map[string]core.Rule{
		rules.FieldsOnCorrectTypeRule.Name: rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
		rules.KnownArgumentNamesRule.Name:  rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRule.Name:      rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ScalarLeafsRule.Name:         rules.ScalarLeafsRuleWithoutSuggestions,
		rules.ValuesOfCorrectTypeRule.Name: rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		all.RemoveRule(loud)
		all.AddRule(quiet.Name, quiet.RuleFunc)
	}
	all.AddRule(numbersFitRule, numbersFit)
	left := maxValidationErrors
	for name, rule := range all.GetInner() {
		all.ReplaceRule(name, func(observers *core.Events, report core.AddErrFunc) {
			rule(observers, func(options ...core.ErrorOption) {
				if left > 0 {
					left--
					report(options...)
				}
			})
		})
	}
	return all
}

// numbersFit refuses the literals that gqlgen panics on, in the argument of any scalar. (An Int of more than 32 bits is
// left to gqlgen's conversion, and for pages to their own limit, which knows the path.)
func numbersFit(observers *core.Events, report core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		var err error
		switch v.Kind {
		case ast.IntValue:
			_, err = strconv.ParseInt(v.Raw, 10, 64)
		case ast.FloatValue:
			_, err = strconv.ParseFloat(v.Raw, 64)
		}
		if errors.Is(err, strconv.ErrRange) {
			report(core.Message(numberMessage), core.At(v.Position))
		}
	})
}
