package logs

import (
	"errors"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 8*3600)
	now := time.Date(2026, 11, 27, 22, 0, 0, 0, zone)
	for text, want := range map[string]string{
		"1611827290000":             "2021-01-28T17:48:10+08:00",
		"1611827290123":             "2021-01-28T17:48:10.123+08:00",
		"1611827290":                "2021-01-28T17:48:10+08:00",
		"2021-11-11T11:11:12+00:00": "2021-11-11T19:11:12+08:00",
		"2021-11-11T11:11:12Z":      "2021-11-11T19:11:12+08:00",
		"2021-11-11T11:11:12.5Z":    "2021-11-11T19:11:12.5+08:00",
		"2021-11-11T11:11:12":       "2021-11-11T11:11:12+08:00",
		"2021-11-11 11:11:12":       "2021-11-11T11:11:12+08:00",
		"2021-11-11 11:11":          "2021-11-11T11:11:00+08:00",
		"2021-11-11":                "2021-11-11T00:00:00+08:00",
		" 20:30 ":                   "2026-11-27T20:30:00+08:00",
		"20:30:15":                  "2026-11-27T20:30:15+08:00",
		"15m":                       "2026-11-27T21:45:00+08:00",
		"1h30m":                     "2026-11-27T20:30:00+08:00",
		"90s":                       "2026-11-27T21:58:30+08:00",
		"2d":                        "2026-11-25T22:00:00+08:00",
		"1d12h":                     "2026-11-26T10:00:00+08:00",
		"0s":                        "2026-11-27T22:00:00+08:00",
	} {
		at, err := ParseTime(text, now)
		if got := at.In(zone).Format(time.RFC3339Nano); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", " ", "yesterday", "5", "15", "-15m", "+15m", "15", "m", "d", "-1d", "+1d", "1d-1h", "1d2d", "99999d", "9999999h", "25:00",
		"2021-13-01", "12345678901234567890", "+1611827290000", "-1611827290000", "2021-11-11T11:11:12+99:00",
	} {
		if at, err := ParseTime(text, now); !errors.Is(err, ErrTime) {
			t.Errorf("%q: %s, %v", text, at, err)
		}
	}
}

func TestRequestTime(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]int64{
		"1-6b094645-38c73ad8-3137b692461b": 0x6b094645, "1-00000001-": 1,
		"": 0, "1-": 0, "1-6b094645": 0, "2-6b094645-38c73ad8": 0, "1-6b09464-38c73ad8": 0, "1-6b09464x-38": 0, "1--1234567-1": 0,
		"f1bc0b7e-41e8-41a7-95c5-6dfb44d1b5f8": 0,
	} {
		got := RequestTime(id)
		if want == 0 != got.IsZero() || want != 0 && got.Unix() != want {
			t.Errorf("%q: %v", id, got)
		}
	}
}

// FuzzParseTime: what can be read is a time that people mean: it is written and read
// again as the same.
func FuzzParseTime(f *testing.F) {
	for _, text := range []string{"1611827290000", "15m", "1d12h", "2021-11-11T11:11:12+00:00", "20:30", "1.5h", "1e9s", "9223372036854775807"} {
		f.Add(text)
	}
	now := time.Date(2026, 11, 27, 22, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		at, err := ParseTime(text, now)
		if err != nil {
			return
		}
		if at.Year() < 0 || at.Year() > 9999 {
			return // RFC 3339 has no such years
		}
		again, err := ParseTime(at.UTC().Format(time.RFC3339Nano), now)
		if err != nil || !again.Equal(at) {
			t.Errorf("%q is %v, read again %v (%v)", text, at, again, err)
		}
	})
}
