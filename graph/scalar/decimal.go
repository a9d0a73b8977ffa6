package scalar

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/keyhall/keyhall/internal/fault"
	"github.com/keyhall/keyhall/internal/money"
)

// MarshalDecimal writes an amount as text: as a number some client would make a float of it.
func MarshalDecimal(amount int64) graphql.Marshaler {
	return graphql.MarshalString(money.Format(amount))
}

// UnmarshalDecimal takes text, and whole numbers. A number with a point may have been rounded before it came here. What it says of any
// other reaches whoever wrote it: these words repeat nothing of what was sent.
func UnmarshalDecimal(v any) (int64, error) {
	amount, err := decimal(v)
	if err != nil {
		said := fault.BadInput(err.Error())
		return 0, &gqlerror.Error{Err: said, Message: said.Public, Extensions: map[string]any{"code": string(said.Code)}}
	}
	return amount, nil
}

func decimal(v any) (int64, error) {
	switch v := v.(type) {
	case string:
		return money.Parse(v)
	case int64:
		return money.Parse(strconv.FormatInt(v, 10))
	case json.Number:
		if _, err := v.Int64(); err == nil {
			return money.Parse(v.String())
		}
	}
	return 0, errors.New("write an amount as a string, as in \"12.50\"")
}
