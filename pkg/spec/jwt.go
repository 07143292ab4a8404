package spec

import (
	"strings"

	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// triggerConfigOfV3 makes the authConfig of an HTTP trigger the JSON in a string
// that the API has there (SDK fc-20230330, HTTPTriggerConfig).
func triggerConfigOfV3(kind string, v *expr.Value) *expr.Value {
	auth := v.Get("authConfig")
	if kind != fc.TriggerHTTP || auth == nil || auth.Kind != expr.Map {
		return v
	}
	var entries []expr.Entry
	for _, e := range v.Entries {
		if e.Key == "authConfig" {
			text := expr.NewString(canonical(tokenRules(auth)))
			text.Secret, text.Sensitive, text.Range = auth.Secret, auth.Sensitive, auth.Range
			e.Value = text
		}
		entries = append(entries, e)
	}
	return expr.NewMap(entries)
}

// tokenRules writes the lists that say where a token is and what of it is handed
// on as the API has them: one text, its parts separated by commas, and the words
// of a part by colons (header:Authorization:Bearer,cookie:jwt).
func tokenRules(v *expr.Value) *expr.Value {
	var entries []expr.Entry
	for _, e := range v.Entries {
		if (e.Key == "tokenLookup" || e.Key == "claimPassBy") && e.Value.Kind == expr.List {
			parts := make([]string, len(e.Value.Items))
			for i, item := range e.Value.Items {
				parts[i] = partText(item)
			}
			e.Value = expr.NewString(strings.Join(parts, ","))
		}
		entries = append(entries, e)
	}
	return expr.NewMap(entries)
}

// partText is a part of such a list: a text, or the values of a map in their order.
func partText(v *expr.Value) string {
	if v.Kind != expr.Map {
		return asText(v)
	}
	texts := make([]string, len(v.Entries))
	for i, e := range v.Entries {
		texts[i] = asText(e.Value)
	}
	return strings.Join(texts, ":")
}
