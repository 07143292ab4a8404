package triggers

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// maxYears is how far a run is looked for: 29 February comes within eight years.
const maxYears = 9

// cronFields are six fields of a cron expression: a bit for each value that
// fits.
type cronFields struct {
	second, minute, hour, day, month, weekday uint64
	// anyDay says that the day of the month or of the week is a plain star: both
	// must fit then. Else one of them is enough.
	anyDay bool
}

// cronField is one field: its bounds, and names of values.
type cronField struct {
	name     string
	min, max int
	names    string // of the values from min on
}

// parseCron reads six fields: numbers, names, ranges, steps and lists of them, *
// or ? for all values. Sunday is 0 and 7.
func parseCron(fields []string) (c cronFields, err error) {
	for i, f := range []struct {
		cronField
		into *uint64
	}{
		{cronField{"seconds", 0, 59, ""}, &c.second},
		{cronField{"minutes", 0, 59, ""}, &c.minute},
		{cronField{"hours", 0, 23, ""}, &c.hour},
		{cronField{"day of the month", 1, 31, ""}, &c.day},
		{cronField{"month", 1, 12, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"}, &c.month},
		{cronField{"day of the week", 0, 7, "SUN MON TUE WED THU FRI SAT"}, &c.weekday},
	} {
		if *f.into, err = f.parse(fields[i]); err != nil {
			return c, err
		}
	}
	c.weekday |= c.weekday >> 7 & 1
	isStar := func(s string) bool { return s == "*" || s == "?" }
	c.anyDay = isStar(fields[3]) || isStar(fields[5])
	return c, nil
}

func (f cronField) parse(text string) (uint64, error) {
	var set uint64
	for part := range strings.SplitSeq(text, ",") {
		values, step, stepped := strings.Cut(part, "/")
		from, to, n := f.min, f.max, 1
		var err error
		if stepped {
			if n, err = strconv.Atoi(step); err != nil || n < 1 {
				return 0, f.wrong(part)
			}
			n = min(n, f.max+1)
		}
		if values != "*" && values != "?" {
			first, last, isRange := strings.Cut(values, "-")
			if from, err = f.value(first); err != nil {
				return 0, err
			}
			switch {
			case isRange:
				to, err = f.value(last)
			case !stepped:
				to = from
			}
			if err != nil || to < from {
				return 0, f.wrong(part)
			}
		}
		for v := from; v <= to; v += n {
			set |= 1 << v
		}
	}
	return set, nil
}

func (f cronField) value(text string) (int, error) {
	for i, name := range strings.Fields(f.names) {
		if strings.EqualFold(text, name) {
			return f.min + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.min || n > f.max {
		return 0, f.wrong(text)
	}
	return n, nil
}

func (f cronField) wrong(part string) error {
	return fmt.Errorf("'%s' is no %s between %d and %d", part, f.name, f.min, f.max)
}

func has(set uint64, v int) bool { return set>>v&1 == 1 }

func (c cronFields) fitsDay(t time.Time) bool {
	day, weekday := has(c.day, t.Day()), has(c.weekday, int(t.Weekday()))
	if !has(c.month, int(t.Month())) {
		return false
	}
	if c.anyDay {
		return day && weekday
	}
	return day || weekday
}

// next is the first time after t that fits, in the zone of t; zero if there is
// none. It looks at times as they come, so a change to summer time leaves some
// out, and a change back has some twice.
func (c cronFields) next(t time.Time) time.Time {
	zone := t.Location()
	limit := t.Year() + maxYears
	t = t.Truncate(time.Second).Add(time.Second)
	for t.Year() < limit {
		switch {
		case !c.fitsDay(t):
			t = nextDay(t, zone)
		case !has(c.hour, t.Hour()):
			// Offsets of zones are whole quarters: so an hour begins with one.
			t = t.Truncate(15 * time.Minute).Add(15 * time.Minute)
		case !has(c.minute, t.Minute()):
			t = t.Truncate(time.Minute).Add(time.Minute)
		case !has(c.second, t.Second()):
			rest := bits.TrailingZeros64(c.second >> t.Second())
			if t.Second()+rest > 59 {
				rest = 60 - t.Second()
			}
			t = t.Add(time.Duration(rest) * time.Second)
		default:
			return t
		}
	}
	return time.Time{}
}

// nextDay is the first moment of the next day, which needn't be midnight.
func nextDay(t time.Time, zone *time.Location) time.Time {
	next := time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, zone)
	for next.Day() == t.Day() {
		next = next.Add(15 * time.Minute) // midnight is left out
	}
	for {
		if before := next.Add(-15 * time.Minute); before.Day() != next.Day() || !before.After(t) {
			return next
		}
		next = next.Add(-15 * time.Minute)
	}
}
