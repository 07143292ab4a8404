package invoke

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/spec"
)

// requestFields are what an event that describes a request may have. Serverless
// Devs has the same.
const requestFields = "method, path, queries, headers, body"

// HTTPTrigger gives the trigger that a function of FC 2.0 is called by in place of the
// invoke API; nil if it has none, and for functions of FC 3.0. Of several, that of
// the qualifier counts.
func HTTPTrigger(r *spec.Resource, qualifier string) *fc.Trigger {
	if r.Service == nil {
		return nil
	}
	var found *fc.Trigger
	for i := range r.Triggers {
		t := &r.Triggers[i]
		if t.TriggerType == fc.TriggerHTTP && (found == nil || qualifier != "" && t.Qualifier == qualifier) {
			found = t
		}
	}
	return found
}

// ReadRequest reads an event that describes a request to an HTTP function: a JSON
// object with method (GET), path (/), queries, headers and body, all of which may
// be missing. An empty event is GET /.
func ReadRequest(event []byte) (*fcclient.HTTPCall, error) {
	call := &fcclient.HTTPCall{Method: http.MethodGet, Path: "/", Query: url.Values{}, Header: http.Header{}}
	if len(bytes.TrimSpace(event)) == 0 {
		return call, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(event, &fields); err != nil {
		return nil, diag.Errorf("its event describes a request, as a JSON object with %s: %w", requestFields, err)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := readField(call, name, fields[name]); err != nil {
			return nil, err
		}
	}
	return call, nil
}

func readField(call *fcclient.HTTPCall, name string, raw json.RawMessage) error {
	switch name {
	case "method":
		return readMethod(call, raw)
	case "path":
		return readPath(call, raw)
	case "queries":
		return readValues(name, raw, func(key, value string) error {
			call.Query.Add(key, value)
			return nil
		})
	case "headers":
		return readValues(name, raw, func(key, value string) error { return addHeader(call.Header, key, value) })
	case "body":
		var body string
		if json.Unmarshal(raw, &body) != nil {
			return diag.Errorf("body of the event must be a text; JSON goes into it as a string")
		}
		call.Body = []byte(body)
		return nil
	}
	return diag.Errorf("its event has %q, which no request has: there are %s", name, requestFields)
}

func readMethod(call *fcclient.HTTPCall, raw json.RawMessage) error {
	var method string
	if json.Unmarshal(raw, &method) != nil || method != "" && !isToken(method) {
		return diag.Errorf("method of the event must be one like GET or POST, not %s", raw)
	}
	if method != "" {
		call.Method = strings.ToUpper(method)
	}
	return nil
}

// readPath takes a path as it stands in a URL; what must be escaped in one and isn't
// is escaped.
func readPath(call *fcclient.HTTPCall, raw json.RawMessage) error {
	var path string
	if json.Unmarshal(raw, &path) != nil {
		return diag.Errorf("path of the event must be a text, not %s", raw)
	}
	if strings.ContainsAny(path, "?#") {
		return diag.Errorf("path of the event is %q: what comes after ? belongs into queries, and %%23 is #", path)
	}
	u, err := url.Parse("http://h/" + strings.TrimPrefix(path, "/"))
	if err != nil {
		return diag.Errorf("path of the event is %q, which no URL can have", path)
	}
	call.Path = u.EscapedPath()
	return nil
}

// readValues reads an object of texts, numbers, booleans and lists of them, in the
// order of their names.
func readValues(name string, raw json.RawMessage, add func(key, value string) error) error {
	var values map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if decoder.Decode(&values) != nil {
		return diag.Errorf("%s of the event must be an object of names and values", name)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list, many := values[key].([]any)
		if !many {
			list = []any{values[key]}
		}
		for _, value := range list {
			switch value.(type) {
			case string, json.Number, bool:
			default:
				return diag.Errorf("%s.%s of the event must be a text, a number, a boolean or a list of them", name, key)
			}
			if err := add(key, fmt.Sprint(value)); err != nil {
				return err
			}
		}
	}
	return nil
}

// addHeader refuses what isn't a header, and those that the call itself sets.
func addHeader(h http.Header, name, value string) error {
	canonical := http.CanonicalHeaderKey(name)
	switch {
	case !isToken(name) || strings.ContainsAny(value, "\r\n\x00"):
		return diag.Errorf("header %q of the event is none that HTTP has", name)
	case slices.Contains([]string{"Host", "Connection", "Content-Length", "Transfer-Encoding"}, canonical), strings.HasPrefix(canonical, "X-Fc-"), strings.HasPrefix(canonical, "X-S-"):
		return diag.Errorf("header %q of the event is set by s and Function Compute: leave it out", name)
	}
	h.Add(name, value)
	return nil
}

// isToken reports whether a text can be a method or the name of a header (RFC 9110,
// token).
func isToken(text string) bool {
	for _, c := range text {
		letter := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", c) {
			return false
		}
	}
	return text != ""
}
