package logs

import (
	"strconv"
	"strings"
	"time"

	"s/pkg/diag"
)

// ErrTime is the error of a text that is no time.
var ErrTime = diag.Errorf("it takes a time (2006-01-02T15:04:05, with +08:00 or Z of that zone), a timestamp in milliseconds, or how long ago (15m, 2h, 1d)")

// Lengths of timestamps: those of seconds are 9 or 10 digits until 2286, those of
// milliseconds 12 or 13.
const (
	minDigits     = 9
	secondsDigits = 10
	millisDigits  = 13
)

// layouts are those of times without a zone, which are in that of now. A space may stand
// for the T.
func layouts() []string {
	return []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"}
}

// ParseTime reads a time as people give it: a timestamp (milliseconds, or seconds), a time
// of ISO 8601 with or without a zone, a time of today (15:04), or how long before now.
// Its error is ErrTime.
func ParseTime(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 && text[0] != '+' {
		switch digits := len(text); {
		case digits >= minDigits && digits <= secondsDigits:
			return time.Unix(n, 0).In(now.Location()), nil
		case digits > secondsDigits && digits <= millisDigits:
			return time.UnixMilli(n).In(now.Location()), nil
		}
		return time.Time{}, ErrTime
	}
	if ago, ok := parseAgo(text); ok {
		return now.Add(-ago), nil
	}
	text = strings.Replace(text, " ", "T", 1)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	for _, layout := range layouts() {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return at, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			y, m, d := now.Date()
			return time.Date(y, m, d, at.Hour(), at.Minute(), at.Second(), 0, now.Location()), nil
		}
	}
	return time.Time{}, ErrTime
}

// maxDays is the longest time ago, ten years.
const maxDays = 3660

// parseAgo reads a length of time: Go's (1h30m), and days (2d, 1d12h).
func parseAgo(text string) (time.Duration, bool) {
	days := 0
	if number, rest, ok := strings.Cut(text, "d"); ok {
		var err error
		if days, err = strconv.Atoi(number); err != nil || days < 0 || days > maxDays || number[0] == '+' {
			return 0, false
		}
		if text = rest; rest == "" {
			text = "0s"
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxDays*24*time.Hour || text[0] == '+' || text[0] == '-' {
		return 0, false
	}
	return time.Duration(days)*24*time.Hour + d, true
}

// RequestTime is when a request began, as its id says: 1-<hex seconds>-…; it is zero if
// the id doesn't.
func RequestTime(id string) time.Time {
	rest, ok := strings.CutPrefix(id, "1-")
	digits, _, more := strings.Cut(rest, "-")
	if !ok || !more || len(digits) != 8 {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(digits, 16, 64)
	if err != nil || seconds < 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
