package logs

import (
	"context"
	"errors"
	"slices"
	"time"

	"s/pkg/alicloud"
)

// Source gives pages of lines; *alicloud.Client is one.
type Source interface {
	GetLogs(ctx context.Context, q alicloud.LogQuery) (alicloud.LogPage, error)
}

const (
	// tries are of one page, be it that no answer comes or that it is incomplete.
	tries = 5
	// pause is before the second try; it doubles.
	pause = 300 * time.Millisecond
	// minute is what the order of lines is exact to, in seconds.
	minute = 60
)

// Reader reads the lines of a function.
type Reader struct {
	Source            Source
	Project, Logstore string
	Scope             Scope
	// Sleep waits; its error is ctx's.
	Sleep func(ctx context.Context, d time.Duration) error
	// Partial is called when the service hasn't searched everything though it was
	// asked several times; nil is nothing.
	Partial func()
}

// Read gives each of the lines from one time to another, to whole seconds, in the order
// of their times. The error of each ends it.
func (r *Reader) Read(ctx context.Context, from, to time.Time, each func(Line) error) error {
	q := alicloud.LogQuery{
		Project: r.Project, Logstore: r.Logstore, Query: r.Scope.query(), From: from.Unix(), To: to.Unix(),
	}
	if to.Nanosecond() > 0 || q.To == q.From {
		q.To++
	}
	var waiting []Line // of the minute that the last page ended in
	for {
		page, err := r.page(ctx, q)
		if err != nil {
			return err
		}
		next := q
		next.Offset += len(page.Lines)
		for _, fields := range page.Lines {
			line := newLine(fields)
			// Whatever comes behind a line of a later minute is of that minute, or later.
			if start := line.Time.Unix() / minute * minute; start > next.From {
				if err := give(waiting, each); err != nil {
					return err
				}
				waiting, next.From, next.Offset = waiting[:0], start, 0
			}
			if next.From > q.From {
				next.Offset++
			}
			if r.Scope.has(&line) {
				waiting = append(waiting, line)
			}
		}
		if len(page.Lines) < alicloud.MaxLogLines {
			return give(waiting, each)
		}
		q = next
	}
}

// give gives lines in their order.
func give(lines []Line, each func(Line) error) error {
	slices.SortStableFunc(lines, func(a, b Line) int { return a.Time.Compare(b.Time) })
	for _, line := range lines {
		if err := each(line); err != nil {
			return err
		}
	}
	return nil
}

// page asks for a page until it is complete.
func (r *Reader) page(ctx context.Context, q alicloud.LogQuery) (alicloud.LogPage, error) {
	wait := pause
	for try := 1; ; try++ {
		page, err := r.Source.GetLogs(ctx, q)
		switch {
		case err == nil && page.Complete:
			return page, nil
		case err == nil && try == tries:
			if r.Partial != nil {
				r.Partial()
			}
			return page, nil
		case err != nil && (try == tries || !Passing(ctx, err)):
			return page, err
		}
		if err := r.Sleep(ctx, wait); err != nil {
			return page, err
		}
		wait *= 2
	}
}

// Passing reports whether what failed may succeed a little later: the network, or the
// service, is in trouble.
func Passing(ctx context.Context, err error) bool {
	var refused *alicloud.Error
	if errors.As(err, &refused) {
		return refused.Passing()
	}
	return ctx.Err() == nil
}
