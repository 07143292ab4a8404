package triggers

import (
	"strings"
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	for _, tt := range []struct{ expression, after, want string }{
		{"@every 5m", "2026-01-02T03:04:05Z", "2026-01-02T03:09:05Z 2026-01-02T03:14:05Z"},
		{"@every 1h30m", "2026-01-02T03:04:05.9Z", "2026-01-02T04:34:05Z 2026-01-02T06:04:05Z"},
		{"@every  2.5s", "2026-01-02T03:04:05Z", "2026-01-02T03:04:07Z 2026-01-02T03:04:09Z"},
		{"0 0 4 * * *", "2026-01-02T03:04:05Z", "2026-01-02T04:00:00Z 2026-01-03T04:00:00Z"},
		{"*/20 * * * * ?", "2026-01-02T03:04:05Z", "2026-01-02T03:04:20Z 2026-01-02T03:04:40Z"},
		{"0 0 0 29 2 *", "2026-01-02T03:04:05Z", "2028-02-29T00:00:00Z 2032-02-29T00:00:00Z"},
		{"0 30 9 * JAN-MAR MON", "2026-01-02T03:04:05Z", "2026-01-05T09:30:00Z 2026-01-12T09:30:00Z"},
		{"0 0 9 13 * FRI", "2026-01-09T12:00:00Z", "2026-01-13T09:00:00Z 2026-01-16T09:00:00Z"}, // one of both
		{"0 0 9 */7 * FRI", "2026-01-09T12:00:00Z", "2026-01-15T09:00:00Z 2026-01-16T09:00:00Z"},
		{"5/9223372036854775807 0 9 * * *", "2026-01-02T03:04:05Z", "2026-01-02T09:00:05Z 2026-01-03T09:00:05Z"},
		{"0 0 9 ? * 7", "2026-01-02T03:04:05Z", "2026-01-04T09:00:00Z 2026-01-11T09:00:00Z"},
		{"5,50-59/4 58/1 23 31 12 *", "2026-01-02T03:04:05Z", "2026-12-31T23:58:05Z 2026-12-31T23:58:50Z"},
		{"0 0 0 31 2 *", "2026-01-02T03:04:05Z", ""},
		{"CRON_TZ=Asia/Shanghai 0 0 4 * * *", "2026-01-02T03:04:05Z", "2026-01-02T20:00:00Z 2026-01-03T20:00:00Z"},
		{"CRON_TZ=Asia/Kolkata 0 0 0 1 * *", "2026-01-02T03:04:05Z", "2026-01-31T18:30:00Z 2026-02-28T18:30:00Z"},
		// Summer time begins on 29 March 2026 at 2:00 in Berlin: 2:30 isn't there.
		{"CRON_TZ=Europe/Berlin 0 30 2 * * *", "2026-03-27T12:00:00Z", "2026-03-28T01:30:00Z 2026-03-30T00:30:00Z"},
		{"CRON_TZ=Europe/Berlin 0 30 3 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z 2026-03-30T01:30:00Z"},
		// It ends on 25 October 2026 at 3:00: 2:30 is there twice.
		{"CRON_TZ=Europe/Berlin 0 30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z 2026-10-25T01:30:00Z"},
		{"CRON_TZ=Europe/Berlin 0 0 * * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z 2026-10-25T02:00:00Z"},
		// A zone whose midnight is left out, and one that has it twice.
		{"CRON_TZ=America/Santiago 0 0 1 6 9 *", "2026-01-01T00:00:00Z", "2026-09-06T04:00:00Z 2027-09-06T04:00:00Z"},
		{"CRON_TZ=America/Havana 0 0 0 * * *", "2026-10-31T12:00:00Z", "2026-11-01T04:00:00Z 2026-11-01T05:00:00Z"},
		{"CRON_TZ=America/Santiago 0 0 12 * * *", "2026-09-05T17:00:00Z", "2026-09-06T15:00:00Z 2026-09-07T15:00:00Z"},
		// Half an hour of summer time.
		{"CRON_TZ=Australia/Lord_Howe 0 15 4 * * *", "2026-10-03T00:00:00Z", "2026-10-03T17:15:00Z 2026-10-04T17:15:00Z"},
	} {
		s, err := ParseSchedule(tt.expression)
		if err != nil {
			t.Errorf("%s: %v", tt.expression, err)
			continue
		}
		at, err := time.Parse(time.RFC3339, tt.after)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for range 2 {
			if at = s.Next(at); !at.IsZero() {
				got = append(got, at.UTC().Format(time.RFC3339))
			}
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s after %s: %s, want %s", tt.expression, tt.after, text, tt.want)
		}
	}
}

// The zone of the machine doesn't matter.
func TestNextInAnotherZone(t *testing.T) {
	s, err := ParseSchedule("0 0 4 * * *")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.FixedZone("east", 8*3600))
	if got := s.Next(at); !got.Equal(time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)) {
		t.Errorf("%s", got)
	}
}

func TestParseScheduleRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"":                                  "0 fields",
		"* * * * *":                         "5 fields",
		"* * * * * * *":                     "7 fields",
		"0 0 25 * * *":                      "25",
		"0 0 4 * * 8":                       "8",
		"0 0 4 0 * *":                       "0",
		"60 0 4 * * *":                      "60",
		"x 0 4 * * *":                       "x",
		"0 0 4 * * * CRON_TZ=UTC":           "7 fields",
		"@every":                            "no duration",
		"@every5m":                          "no duration",
		"@every 0s":                         "no duration",
		"@every 500ms":                      "no duration",
		"@every -5m":                        "no duration",
		"@every 5":                          "no duration",
		"@daily":                            "1 fields",
		"CRON_TZ=Asia/Shanghai":             "0 fields",
		"CRON_TZ=":                          "names no time zone",
		"CRON_TZ= 0 0 4 * * *":              "names no time zone",
		"CRON_TZ=Local 0 0 4 * * *":         "names no time zone",
		"CRON_TZ=../passwd 0 0 4 * * *":     "names no time zone",
		"CRON_TZ=Moon/Base 0 0 4 * * *":     "names no time zone",
		"CRON_TZ=UTC CRON_TZ=UTC 0 4 * * *": "given once",
		"TZ=UTC 0 0 4 * * *":                "given once",
	} {
		if _, err := ParseSchedule(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q in it", text, err, says)
		}
	}
}

func TestDue(t *testing.T) {
	from := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		expression string
		passed     time.Duration
		n          int
		latest     time.Duration // after from
	}{
		{"@every 5m", 4 * time.Minute, 0, 0},
		{"@every 5m", 5 * time.Minute, 1, 5 * time.Minute},
		{"@every 1s", 8 * time.Hour, 8 * 3600, 8 * time.Hour},
		{"0 0 * * * *", 55 * time.Minute, 0, 0},
		{"0 0 * * * *", 8 * time.Hour, 8, 7*time.Hour + 55*time.Minute + 55*time.Second},
		{"* * * * * *", 30 * 24 * time.Hour, maxCounted, 30 * 24 * time.Hour},
	} {
		s, err := ParseSchedule(tt.expression)
		if err != nil {
			t.Fatal(err)
		}
		latest, n := s.due(from, from.Add(tt.passed))
		if n != tt.n || n > 0 && !latest.Equal(from.Add(tt.latest)) {
			t.Errorf("%s in %s: %d, the latest %s", tt.expression, tt.passed, n, latest)
		}
	}
}

// FuzzParseSchedule: whatever is taken has runs that lie ahead.
func FuzzParseSchedule(f *testing.F) {
	for _, s := range []string{"@every 5m", "0 0 4 * * *", "CRON_TZ=Asia/Shanghai 0 0/5 4-6 ? JAN MON-FRI", "CRON_TZ=X", "TZ=", "@every 999999h", "*/0 * * * * *", "0 0 0 31 2 *"} {
		f.Add(s)
	}
	from := time.Date(2026, 3, 28, 22, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSchedule(text)
		if err != nil {
			return
		}
		if next := s.Next(from); !next.IsZero() && !next.After(from) {
			t.Errorf("%q: after %s comes %s", text, from, next)
		}
		if latest, n := s.due(from, from.Add(time.Hour)); n > 0 && (latest.Before(from) || latest.After(from.Add(time.Hour))) {
			t.Errorf("%q: the latest of %d is %s", text, n, latest)
		}
	})
}
