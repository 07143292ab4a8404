package oss

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"s/pkg/local/store"
)

// condition answers requests that want an object only if it is, or isn't, a certain
// one.
func (c *call) condition(o *store.Object) error { return c.conditionOf(o, "") }

// conditionOf is the same of conditions whose headers begin with prefix.
func (c *call) conditionOf(o *store.Object, prefix string) error {
	h := http.Header{}
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		h.Set(name, c.r.Header.Get(prefix+name))
	}
	failed := failure(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold.")
	unmodified := failure(http.StatusNotModified, "NotModified", "The object was not modified.")
	if match := h.Get("If-Match"); match != "" && unquoted(match) != o.ETag {
		return failed
	}
	if since, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil && o.Modified.After(since) {
		return failed
	}
	if match := h.Get("If-None-Match"); match != "" && unquoted(match) == o.ETag {
		return unmodified
	}
	if since, err := http.ParseTime(h.Get("If-Modified-Since")); err == nil && !o.Modified.Truncate(time.Second).After(since) {
		return unmodified
	}
	return nil
}

// span is the part of an object that a request asks for. A range that can't be
// read or isn't there gives the whole object, as OSS does, unless the client asked
// for the standard's way (x-oss-range-behavior: standard).
func (c *call) span(o *store.Object) (start, length int64, partial bool, err error) {
	text := c.r.Header.Get("Range")
	if text == "" {
		return 0, o.Size, false, nil
	}
	first, last, readable := parseRange(text, o.Size)
	if readable && first < o.Size && first <= last {
		return first, last - first + 1, true, nil
	}
	if readable && c.r.Header.Get("X-Oss-Range-Behavior") == "standard" {
		c.w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(o.Size, 10))
		return 0, 0, false, failure(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range cannot be satisfied.")
	}
	return 0, o.Size, false, nil
}

// parseRange reads "bytes=first-last", "bytes=first-" and "bytes=-count". The
// last byte is cut to the size.
func parseRange(text string, size int64) (first, last int64, ok bool) {
	spec, isBytes := strings.CutPrefix(text, "bytes=")
	from, to, isRange := strings.Cut(spec, "-")
	if !isBytes || !isRange {
		return 0, 0, false
	}
	if from == "" {
		count, err := strconv.ParseInt(to, 10, 64)
		if err != nil || count < 0 {
			return 0, 0, false
		}
		return max(0, size-count), size - 1, true
	}
	first, err := strconv.ParseInt(from, 10, 64)
	if err != nil || first < 0 {
		return 0, 0, false
	}
	if to == "" {
		return first, size - 1, true
	}
	last, err = strconv.ParseInt(to, 10, 64)
	if err != nil || last < first {
		return 0, 0, false
	}
	return first, min(last, size-1), true
}
