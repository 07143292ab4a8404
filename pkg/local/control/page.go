package control

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"s/pkg/local/reply"
)

// Page sizes of lists.
const (
	defaultLimit = 100
	maxLimit     = 100
)

// limit is how many things the query wants in a page.
func (c *call) limit() (int, error) { return c.limitIn("limit") }

// limitIn is the same where the parameter has another name.
func (c *call) limitIn(parameter string) (int, error) {
	text := c.r.URL.Query().Get(parameter)
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, reply.Invalid(fmt.Sprintf("%s must be between 1 and %d, it is '%s'", parameter, maxLimit, text))
	}
	return n, nil
}

// page cuts a list, sorted by name, as the query asks: prefix, startKey,
// nextToken and limit. It gives the token of the next page, empty on the last.
func page[T any](c *call, list []T, name func(T) string) ([]T, string, error) {
	return pageBy(c, "limit", "nextToken", list, name)
}

// pageBy is the same where the parameters have other names.
func pageBy[T any](c *call, limitName, tokenName string, list []T, name func(T) string) ([]T, string, error) {
	return pageOf(c, limitName, tokenName, func(string) []T { return list }, name, func(T) bool { return true })
}

// pageOf is the same of those that keep wants. from gives the list, of which what is
// before a name may be left out.
func pageOf[T any](
	c *call, limitName, tokenName string, from func(name string) []T, name func(T) string, keep func(T) bool,
) ([]T, string, error) {
	q := c.r.URL.Query()
	limit, err := c.limitIn(limitName)
	if err != nil {
		return nil, "", err
	}
	start, prefix := q.Get("startKey"), q.Get("prefix")
	if token := q.Get(tokenName); token != "" {
		text, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return nil, "", reply.Invalid(tokenName + " is not one that a list gave")
		}
		start = string(text)
	}
	start = max(start, prefix)
	out := []T{}
	for _, item := range from(start) {
		switch {
		case name(item) < start:
			continue
		case !strings.HasPrefix(name(item), prefix):
			return out, "", nil // it is sorted
		case !keep(item):
			continue
		}
		if len(out) == limit {
			return out, base64.RawURLEncoding.EncodeToString([]byte(name(item))), nil
		}
		out = append(out, item)
	}
	return out, "", nil
}

// listing is the document of a page of things called name.
func listing[T, D any](name string, items []T, next string, view func(T) D) map[string]any {
	docs := make([]D, len(items))
	for i, item := range items {
		docs[i] = view(item)
	}
	doc := map[string]any{name: docs}
	if next != "" {
		doc["nextToken"] = next
	}
	return doc
}
