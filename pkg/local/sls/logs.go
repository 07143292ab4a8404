package sls

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"s/pkg/local/logfiles"
)

// maxLines is how many lines one request gives, and how many it gives if it
// doesn't say (documentation of GetLogs).
const maxLines = 100

// search is what a request is after.
type search struct {
	logfiles.Query
	wanted        wanted
	line, offset  int
	from, to      int64 // seconds
	text          string
	intervalInput int64
}

// search reads the parameters of GetLogs and GetHistograms.
func (c *call) search(q url.Values) (*search, error) {
	if err := c.logstoreExists(); err != nil {
		return nil, err
	}
	s := &search{line: maxLines, text: q.Get("query")}
	var err error
	for _, p := range []struct {
		name string
		into *int64
	}{{"from", &s.from}, {"to", &s.to}} {
		if *p.into, err = strconv.ParseInt(q.Get(p.name), 10, 64); err != nil || *p.into < 0 || *p.into > 1<<33 {
			return nil, failure(http.StatusBadRequest, "InvalidTimeRange", p.name+" must be a time in seconds, it is '"+q.Get(p.name)+"'")
		}
	}
	if s.from >= s.to {
		return nil, failure(http.StatusBadRequest, "InvalidTimeRange", "request time range is invalid: from must be before to")
	}
	var unserved unservedError
	s.wanted, err = parseQuery(s.text)
	switch {
	case errors.As(err, &unserved):
		return nil, failure(http.StatusNotImplemented, "NotImplemented", unserved.Error())
	case err != nil:
		return nil, failure(http.StatusBadRequest, "ParameterInvalid", "the query can't be read: "+err.Error())
	}
	for _, p := range []struct {
		name string
		into *int
		most int
	}{{"line", &s.line, maxLines}, {"offset", &s.offset, 1 << 30}} {
		if text := q.Get(p.name); text != "" {
			if *p.into, err = strconv.Atoi(text); err != nil || *p.into < 0 || *p.into > p.most {
				return nil, failure(http.StatusBadRequest, "InvalidParameter", fmt.Sprintf("%s must be 0 to %d, it is '%s'", p.name, p.most, text))
			}
		}
	}
	if text := q.Get("interval"); text != "" {
		if s.intervalInput, err = strconv.ParseInt(text, 10, 64); err != nil || s.intervalInput < 1 {
			return nil, failure(http.StatusBadRequest, "InvalidParameter", "interval must be a number of seconds")
		}
	}
	s.Query = logfiles.Query{
		Project: c.project, Logstore: c.store, Topic: q.Get("topic"), Reverse: q.Get("reverse") == "true",
		From: time.Unix(s.from, 0), To: time.Unix(s.to, 0), Filter: s.wanted.filter,
	}
	return s, nil
}

// localSource is where lines come from that don't say it.
const localSource = "127.0.0.1"

// fieldsOf are the fields of a line, as FC gives them or as they were put, in the place
// of those in buf.
func fieldsOf(l *logfiles.Line, buf []field) []field {
	kept := buf[:0]
	if isPut(l) {
		return appendPacked(append(kept, field{"__topic__", l.Topic}), l.Message)
	}
	for _, f := range [...]field{
		{"functionName", l.Function},
		{"instanceID", l.InstanceID},
		{"message", l.Message},
		{"qualifier", l.Qualifier},
		{"requestId", l.RequestID},
		{"serviceName", l.Service},
		{"versionId", l.VersionID},
		{"__topic__", l.Topic},
		{"__source__", localSource},
	} {
		if f.value != "" {
			kept = append(kept, f)
		}
	}
	return kept
}

// find gives a page of lines.
func (c *call) find(s *search) ([]map[string]string, error) {
	if s.line == 0 {
		return []map[string]string{}, nil
	}
	at := pageOf(s)
	if place := c.pages.place(at); place != (logfiles.Place{}) {
		lines, err := c.page(s, at, place, 0)
		if !errors.Is(err, logfiles.ErrPlaceLost) {
			return lines, err
		}
	}
	return c.page(s, at, logfiles.Place{}, s.offset)
}

// page gives the page of lines that is at an offset, and begins so many lines behind a
// place.
func (c *call) page(s *search, at page, after logfiles.Place, skip int) ([]map[string]string, error) {
	out := []map[string]string{}
	q := s.Query
	if s.wanted.all { // then they needn't be looked at
		q.Skip, skip = skip, 0
	}
	var fields []field
	last, err := c.cfg.Lines.EachAfter(c.r.Context(), q, after, func(l *logfiles.Line) bool {
		fields = fieldsOf(l, fields)
		if !s.wanted.match(fields) {
			return true
		}
		if skip > 0 {
			skip--
			return true
		}
		doc := map[string]string{
			"__time__": strconv.FormatInt(l.Time.Unix(), 10), "__time_ns_part__": strconv.Itoa(l.Time.Nanosecond()),
		}
		for _, f := range fields {
			doc[f.name] = f.value
		}
		out = append(out, doc)
		return len(out) < s.line
	})
	if err == nil && len(out) == s.line {
		at.offset += s.line
		c.pages.keep(at, last)
	}
	return out, err
}

func (c *call) getLogs() error {
	s, err := c.search(c.query)
	if err != nil {
		return err
	}
	lines, err := c.find(s)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("X-Log-Progress", "Complete")
	h.Set("X-Log-Count", strconv.Itoa(len(lines)))
	h.Set("X-Log-Processed-Rows", strconv.Itoa(len(lines)))
	h.Set("X-Log-Has-Sql", "false")
	c.json(http.StatusOK, lines)
	return nil
}

// getLogsV2 has its parameters in a document, and says in another what it found.
func (c *call) getLogsV2() error {
	var in map[string]any
	if err := json.Unmarshal(c.body, &in); err != nil {
		return failure(http.StatusBadRequest, "PostBodyInvalid", "the body is not a JSON object")
	}
	q := url.Values{}
	for name, value := range in {
		switch v := value.(type) {
		case string:
			q.Set(name, v)
		case bool:
			q.Set(name, strconv.FormatBool(v))
		case float64:
			q.Set(name, strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	s, err := c.search(q)
	if err != nil {
		return err
	}
	lines, err := c.find(s)
	if err != nil {
		return err
	}
	c.json(http.StatusOK, map[string]any{
		"meta": map[string]any{
			"progress": "Complete", "count": len(lines), "processedRows": len(lines), "hasSQL": false, "whereQuery": s.text,
		},
		"data": lines,
	})
	return nil
}

// Bounds of the pieces of a histogram.
const (
	pieces    = 60
	maxPieces = 10_000
)

type pieceDoc struct {
	From     int64  `json:"from"`
	To       int64  `json:"to"`
	Count    int64  `json:"count"`
	Progress string `json:"progress"`
}

func (c *call) getHistograms() error {
	s, err := c.search(c.query)
	if err != nil {
		return err
	}
	interval := s.intervalInput
	if interval == 0 {
		interval = max(1, (s.to-s.from+pieces-1)/pieces)
	}
	if (s.to-s.from)/interval > maxPieces {
		return failure(http.StatusBadRequest, "InvalidParameter", "interval is too short for this time range")
	}
	counts, err := c.count(s, interval)
	if err != nil {
		return err
	}
	var out []pieceDoc
	total := int64(0)
	for i, n := range counts {
		from := s.from + int64(i)*interval
		out = append(out, pieceDoc{From: from, To: min(from+interval, s.to), Count: n, Progress: "Complete"})
		total += n
	}
	c.w.Header().Set("X-Log-Progress", "Complete")
	c.w.Header().Set("X-Log-Count", strconv.FormatInt(total, 10))
	c.json(http.StatusOK, out)
	return nil
}

// count counts the lines of each interval, which is in seconds.
func (c *call) count(s *search, interval int64) ([]int64, error) {
	if s.wanted.all && s.Topic == "" {
		return c.cfg.Lines.Count(c.r.Context(), s.Project, s.Logstore, s.From, s.To, time.Duration(interval)*time.Second)
	}
	counts := make([]int64, (s.to-s.from+interval-1)/interval)
	var fields []field
	err := c.cfg.Lines.Each(c.r.Context(), s.Query, func(l *logfiles.Line) bool {
		if fields = fieldsOf(l, fields); s.wanted.match(fields) {
			counts[(l.Time.Unix()-s.from)/interval]++
		}
		return true
	})
	return counts, err
}
