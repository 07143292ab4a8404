package triggers

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // time zones, on machines that have none of their own
)

// maxCounted bounds how many runs are counted one by one.
const maxCounted = 100_000

// Schedule is when a timer runs.
type Schedule struct {
	every time.Duration // 0 if it is by cron
	cron  cronFields
	zone  *time.Location
}

// ParseSchedule reads a cronExpression (TimerTriggerConfig): "@every 5m", or six
// fields from seconds to the day of the week, in UTC unless "CRON_TZ=<zone> "
// stands before them.
func ParseSchedule(text string) (Schedule, error) {
	text = strings.TrimSpace(text)
	if duration, ok := strings.CutPrefix(text, "@every"); ok {
		d, err := time.ParseDuration(strings.TrimSpace(duration))
		if err != nil || d < time.Second || !strings.HasPrefix(duration, " ") {
			return Schedule{}, fmt.Errorf("%q is no duration of a second or more, such as @every 5m", text)
		}
		return Schedule{every: d.Truncate(time.Second)}, nil
	}
	zone := time.UTC
	if named, ok := strings.CutPrefix(text, "CRON_TZ="); ok {
		name, rest, _ := strings.Cut(named, " ")
		var err error
		if zone, err = time.LoadLocation(name); err != nil || name == "" || name == "Local" {
			return Schedule{}, fmt.Errorf("CRON_TZ=%s names no time zone, such as Asia/Shanghai", name)
		}
		text = strings.TrimSpace(rest)
	}
	if strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ=") {
		return Schedule{}, errors.New("a time zone is given once, as CRON_TZ=<zone>")
	}
	fields := strings.Fields(text)
	if len(fields) != 6 {
		return Schedule{}, fmt.Errorf("%q has %d fields: seconds, minutes, hours, day of the month, month and day of the week are wanted", text, len(fields))
	}
	parsed, err := parseCron(fields)
	return Schedule{cron: parsed, zone: zone}, err
}

// Next is the first run after t; zero if there is none. Runs are at whole
// seconds. By cron, those at a time that a change to summer time leaves out aren't
// made, and those at a time that comes twice are made twice.
func (s Schedule) Next(t time.Time) time.Time {
	if s.every > 0 {
		return t.Truncate(time.Second).Add(s.every)
	}
	return s.cron.next(t.In(s.zone)).UTC()
}

// due counts the runs after last up to now and gives the latest of them. Of more
// than maxCounted no more are counted.
func (s Schedule) due(last, now time.Time) (latest time.Time, n int) {
	if s.every > 0 {
		last = last.Truncate(time.Second)
		n = int(now.Sub(last) / s.every)
		return last.Add(time.Duration(n) * s.every), n
	}
	for next := s.Next(last); !next.IsZero() && !next.After(now); next = s.Next(next) {
		if n++; n > maxCounted {
			return now.Truncate(time.Second), maxCounted
		}
		latest = next
	}
	return latest, n
}
