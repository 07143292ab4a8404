package alicloud

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// actionGetLogs is the operation that finds lines.
const actionGetLogs = "GetLogs"

// MaxLogLines is how many lines one page has at most (documentation of GetLogs).
const MaxLogLines = 100

// LogQuery asks SLS for a page of what a logstore has.
type LogQuery struct {
	Project, Logstore string
	// Query is in SLS's search syntax, without SQL.
	Query string
	// From and To are seconds since 1970; the second To isn't among them.
	From, To int64
	// Offset is how many lines of the whole result come before the page.
	Offset int
}

// LogPage is a page of lines, the oldest first. Their order is exact to the minute
// alone (documentation of GetLogs, "reverse").
type LogPage struct {
	// Lines are the fields of each line, by name; __time__ and __topic__ are among them.
	Lines []map[string]string
	// Complete is false while SLS hasn't searched everything: the same request finds
	// more a little later.
	Complete bool
}

// GetLogs gives a page of lines, at most MaxLogLines. A refusal is an *Error.
func (c *Client) GetLogs(ctx context.Context, q LogQuery) (LogPage, error) {
	var page LogPage
	var lines []map[string]any
	k := c.slsCall(actionGetLogs, q.Project, http.MethodGet, "/logstores/"+q.Logstore)
	k.query = url.Values{
		"type": {"log"}, "query": {q.Query}, "topic": {""}, "reverse": {"false"},
		"from": {strconv.FormatInt(q.From, 10)}, "to": {strconv.FormatInt(q.To, 10)},
		"offset": {strconv.Itoa(q.Offset)}, "line": {strconv.Itoa(MaxLogLines)},
	}
	k.out, k.longest = &lines, maxPage
	k.head = func(h http.Header) { page.Complete = h.Get("X-Log-Progress") != "Incomplete" }
	if err := c.do(ctx, k); err != nil {
		return LogPage{}, err
	}
	for _, line := range lines {
		fields := make(map[string]string, len(line))
		for name, value := range line {
			text, isText := value.(string)
			if !isText {
				text = fmt.Sprint(value)
			}
			fields[name] = text
		}
		page.Lines = append(page.Lines, fields)
	}
	return page, nil
}
