package deploy

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Redact hides what hide takes out of a text, spec.Project.Redact say, in
// everything that is shown of the plan. Where one side of a field has a secret,
// the other is hidden, too: it is likely the secret's last value.
func (c *Changes) Redact(hide func(string) string) {
	for i := range c.Items {
		fields := c.Items[i].Fields
		for j := range fields {
			f := &fields[j]
			before, hidBefore := redact(f.Old, hide)
			after, hidAfter := redact(f.New, hide)
			switch {
			case hidBefore && !hidAfter && f.New != nil:
				after = Masked
			case hidAfter && !hidBefore && f.Old != nil:
				before = Masked
			}
			f.Old, f.New = before, after
		}
	}
}

// Redacted gives v as it may be shown: v itself, or JSON with the same keys in
// the same order, in which hide went over every text.
func Redacted(v any, hide func(string) string) any {
	v, _ = redact(v, hide)
	return v
}

func redact(v any, hide func(string) string) (any, bool) {
	if text, ok := v.(string); ok {
		hidden := hide(text)
		return hidden, hidden != text
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(v) != nil {
		return Masked, true // nothing that can be printed
	}
	out, found := redactJSON(data.Bytes(), hide)
	if !found {
		return v, false
	}
	return out, true
}

// redactJSON lets hide go over the texts of valid JSON, but not over its keys:
// they are names.
func redactJSON(data []byte, hide func(string) string) (json.RawMessage, bool) {
	var out bytes.Buffer
	found := false
	for len(data) > 0 {
		start := bytes.IndexByte(data, '"')
		if start < 0 {
			break
		}
		end := start + 1
		for data[end] != '"' {
			if data[end] == '\\' {
				end++
			}
			end++
		}
		out.Write(data[:start])
		literal := data[start : end+1]
		data = data[end+1:]
		var text string
		isKey := len(data) > 0 && data[0] == ':'
		if !isKey && json.Unmarshal(literal, &text) == nil {
			if hidden := hide(text); hidden != text {
				found = true
				literal, _ = json.Marshal(strings.ToValidUTF8(hidden, "?")) // a text is always JSON
			}
		}
		out.Write(literal)
	}
	out.Write(bytes.TrimRight(data, "\n"))
	return out.Bytes(), found
}
