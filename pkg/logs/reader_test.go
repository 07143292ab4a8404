package logs_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/alicloud"
	"s/pkg/alicloud/alicloudtest"
	"s/pkg/logs"
)

// start is where a minute begins.
const start = 1_800_000_000

// printed is a line of hello, so many seconds after start.
func printed(second int, message string) map[string]string {
	return map[string]string{
		"__time__": strconv.Itoa(start + second), "__topic__": "FCLogs:hello", "__source__": "",
		"functionName": "hello", "qualifier": "LATEST", "versionId": "", "instanceID": "c-1", "requestId": "r", "message": message,
	}
}

func at(second float64) time.Time { return time.Unix(start, int64(second*1e9)) }

func reader(s *alicloudtest.LogServer) *logs.Reader {
	return &logs.Reader{
		Source: s.Client("cn-hangzhou"), Project: "p", Logstore: "l", Scope: logs.Scope{Function: "hello"},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

// read gives the messages that were found.
func read(t *testing.T, r *logs.Reader, from, to time.Time) []string {
	t.Helper()
	var messages []string
	if err := r.Read(t.Context(), from, to, func(l logs.Line) error { messages = append(messages, l.Message); return nil }); err != nil {
		t.Fatal(err)
	}
	return messages
}

// TestAllPages: every line once, in order, however many there are in a minute.
func TestAllPages(t *testing.T) {
	t.Parallel()
	for _, perSecond := range []int{1, 3, 7, 250} {
		s := alicloudtest.NewLogs(t)
		var want []string
		for second := range 150 {
			if perSecond > 100 && second%50 != 0 {
				continue
			}
			for i := range perSecond {
				line := printed(second, fmt.Sprintf("%d.%03d", second, i))
				line["__time_ns_part__"] = strconv.Itoa(i)
				want = append(want, line["message"])
				s.Put(line)
			}
		}
		if d := cmp.Diff(want, read(t, reader(s), at(0), at(150))); d != "" {
			t.Errorf("%d a second: %s", perSecond, d)
		}
		for _, asked := range s.Asked() {
			if asked.Offset > 60*perSecond && asked.Offset > 600 {
				t.Errorf("%d a second: offset %d", perSecond, asked.Offset)
			}
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	s := alicloudtest.NewLogs(t)
	for second := range 10 {
		s.Put(printed(second, strconv.Itoa(second)))
	}
	for _, tc := range []struct {
		from, to float64
		want     []string
	}{
		{2, 5, []string{"2", "3", "4"}}, {2.5, 4.5, []string{"2", "3", "4"}}, {3, 3, []string{"3"}}, {20, 30, nil},
	} {
		if d := cmp.Diff(tc.want, read(t, reader(s), at(tc.from), at(tc.to))); d != "" {
			t.Errorf("%v: %s", tc, d)
		}
	}
}

// TestOthersAreLeftOut: what only the words of the query fit isn't given, and pages are
// counted all the same.
func TestOthersAreLeftOut(t *testing.T) {
	t.Parallel()
	s := alicloudtest.NewLogs(t)
	for i := range 300 {
		line := printed(i, "mine")
		if i%3 > 0 {
			line["__topic__"], line["message"] = "FCLogs:other", "hello from another"
		}
		s.Put(line)
	}
	if got := read(t, reader(s), at(0), at(300)); len(got) != 100 {
		t.Errorf("%d lines", len(got))
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	s := alicloudtest.NewLogs(t)
	line := printed(1, "two\nlines\r\n")
	line["__time_ns_part__"], line["versionId"] = "5", "3"
	event := map[string]string{"__time__": strconv.Itoa(start + 2), "__topic__": "FCInstanceEvents:/hello", "instanceID": "c-1", "kind": "Killed", "code": "137"}
	s.Put(line, event)
	r := reader(s)
	r.Scope.InstanceID = "c-1"
	var got []string
	if err := r.Read(t.Context(), at(0), at(5), func(l logs.Line) error {
		got = append(got, fmt.Sprint(l.Time.UnixNano(), l.FunctionName, l.Qualifier, l.VersionID, l.InstanceID, l.RequestID, ": ", l.Message))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"1800000001000000005helloLATEST3c-1r: two\nlines", "1800000002000000000c-1: code: 137, kind: Killed"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestSearching: an answer that is incomplete is asked for again; one that stays so is
// told.
func TestSearching(t *testing.T) {
	t.Parallel()
	s := alicloudtest.NewLogs(t)
	for i := range 150 {
		s.Put(printed(i, strconv.Itoa(i)))
	}
	r := reader(s)
	partial := 0
	r.Partial = func() { partial++ }
	s.Search(3)
	if got := read(t, r, at(0), at(150)); len(got) != 150 || partial != 0 {
		t.Errorf("%d lines, partial %d", len(got), partial)
	}
	s.Search(1000)
	if got := read(t, r, at(0), at(150)); len(got) != 75 || partial != 1 {
		t.Errorf("%d lines, partial %d", len(got), partial)
	}
}

func TestTroubleAndRefusals(t *testing.T) {
	t.Parallel()
	s := alicloudtest.NewLogs(t)
	s.Put(printed(1, "a"))
	s.Fail(alicloudtest.Failure{Status: 502, Code: "BadGateway", Times: 2})
	if d := cmp.Diff([]string{"a"}, read(t, reader(s), at(0), at(5))); d != "" {
		t.Error(d)
	}
	s.Fail(alicloudtest.Failure{Status: 404, Code: "ProjectNotExist"})
	var refused *alicloud.Error
	s.Asked()
	none := func(logs.Line) error { return nil }
	if err := reader(s).Read(t.Context(), at(0), at(5), none); !errors.As(err, &refused) || refused.Code != "ProjectNotExist" || len(s.Asked()) != 1 {
		t.Errorf("err = %v", err)
	}
	s.Fail(alicloudtest.Failure{Status: 500, Code: "InternalServerError", Times: 5})
	if err := reader(s).Read(t.Context(), at(0), at(5), none); !errors.As(err, &refused) || len(s.Asked()) != 5 {
		t.Errorf("err = %v", err)
	}
	full := errors.New("disk full")
	if err := reader(s).Read(t.Context(), at(0), at(5), func(logs.Line) error { return full }); !errors.Is(err, full) {
		t.Errorf("err = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := reader(s).Read(ctx, at(0), at(5), none); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}
