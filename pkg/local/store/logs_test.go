package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
)

func openLogs(t *testing.T, dir string) *Logs {
	t.Helper()
	l, err := OpenLogs(t.Context(), dir)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func lineAt(second int64, topic, message string) LogLine {
	return LogLine{Time: time.Unix(second, 5), Topic: topic, Function: "f", Qualifier: "LATEST", InstanceID: "c-1", RequestID: "1-2", Message: message}
}

// messages are those that a query finds, at most so many.
func (l *Logs) messages(t *testing.T, q LogQuery, most int) string {
	t.Helper()
	var out []string
	must(t, l.Each(t.Context(), q, func(line *LogLine) bool {
		out = append(out, line.Message)
		return len(out) < most
	}))
	return strings.Join(out, " ")
}

func TestLogs(t *testing.T) {
	dir := t.TempDir()
	l := openLogs(t, dir)
	must(t,
		l.Append("p", "l", []LogLine{lineAt(3, "a", "third"), lineAt(1, "a", "first"), lineAt(2, "b", "second"), lineAt(3, "a", "fourth")}),
		l.Append("p", "other", []LogLine{lineAt(1, "a", "elsewhere")}),
		l.Close())
	l = openLogs(t, dir)
	must(t, l.Append("p", "l", []LogLine{lineAt(4, "a", "fifth")}))
	for _, test := range []struct {
		from, to int64
		topic    string
		reverse  bool
		most     int
		want     string
	}{
		{0, 10, "", false, 9, "first second third fourth fifth"},
		{0, 10, "", true, 9, "fifth fourth third second first"},
		{1, 3, "", false, 9, "first second"},
		{3, 4, "", false, 9, "third fourth"},
		{0, 10, "a", false, 2, "first third"},
		{0, 10, "none", false, 9, ""},
	} {
		q := LogQuery{Project: "p", Logstore: "l", From: time.Unix(test.from, 0), To: time.Unix(test.to, 0), Topic: test.topic, Reverse: test.reverse}
		if got := l.messages(t, q, test.most); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
	q := LogQuery{Project: "p", Logstore: "l", From: time.Unix(1, 0), To: time.Unix(2, 0)}
	must(t, l.Each(t.Context(), q, func(line *LogLine) bool {
		if want := lineAt(1, "a", "first"); *line != want {
			t.Errorf("%+v, want %+v", *line, want)
		}
		return true
	}))
	must(t, l.RemoveLines("p", "l"))
	q.To = time.Unix(10, 0)
	if got := l.messages(t, q, 9); got != "" {
		t.Error(got)
	}
	q.Logstore = "other"
	if got := l.messages(t, q, 9); got != "elsewhere" {
		t.Error(got)
	}
	if info, err := os.Stat(filepath.Join(dir, logsName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestLogsAreBounded: the oldest lines of a logstore go, those of others stay.
func TestLogsAreBounded(t *testing.T) {
	l := openLogs(t, t.TempDir())
	l.kept = 100
	must(t, l.Append("p", "quiet", []LogLine{lineAt(1, "a", "kept")}))
	for i := range 50 {
		var lines []LogLine
		for j := range 10 {
			lines = append(lines, lineAt(int64(i*10+j), "a", fmt.Sprint(i*10+j)))
		}
		must(t, l.Append("p", "loud", lines))
	}
	q := LogQuery{Project: "p", Logstore: "loud", From: time.Unix(0, 0), To: time.Unix(1000, 0)}
	left := strings.Fields(l.messages(t, q, 1000))
	if len(left) < 100 || len(left) > 120 || left[len(left)-1] != "499" {
		t.Errorf("%d lines are left, the last is %s", len(left), left[len(left)-1])
	}
	q.Logstore = "quiet"
	if got := l.messages(t, q, 9); got != "kept" {
		t.Error(got)
	}
}

func TestLogsFromManyAtOnce(t *testing.T) {
	l := openLogs(t, t.TempDir())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 5 {
				if err := l.Append("p", fmt.Sprint("l", i%2), []LogLine{lineAt(int64(j), "a", "x"), lineAt(int64(j), "a", "y")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	q := LogQuery{Project: "p", Logstore: "l1", From: time.Unix(0, 0), To: time.Unix(9, 0)}
	if n := len(strings.Fields(l.messages(t, q, 1000))); n != 40 {
		t.Errorf("%d lines", n)
	}
}

func TestLogDocs(t *testing.T) {
	dir := t.TempDir()
	l := openLogs(t, dir)
	if doc, err := l.Doc("project", "p"); doc != nil || err != nil {
		t.Error(doc, err)
	}
	must(t, l.PutDoc("project", "p", []byte("{}")), l.PutDoc("project", "p", []byte(`{"a":1}`)), l.PutDoc("logstore", "p/a", []byte("1")),
		l.PutDoc("logstore", "p/b", []byte("1")), l.PutDoc("logstore", "q/a", []byte("1")), l.Close())
	l = openLogs(t, dir)
	if doc, err := l.Doc("project", "p"); string(doc) != `{"a":1}` || err != nil {
		t.Error(string(doc), err)
	}
	if names, err := l.DocNames("logstore", "p/"); fmt.Sprint(names) != "[p/a p/b]" || err != nil {
		t.Error(names, err)
	}
	must(t, l.DeleteDoc("logstore", "p/a"))
	if names, err := l.DocNames("logstore", "p/"); fmt.Sprint(names) != "[p/b]" || err != nil {
		t.Error(names, err)
	}
}

func TestHasLogstore(t *testing.T) {
	s := open(t, t.TempDir())
	f := function("f")
	f.Function.LogConfig = &fc.LogConfig{Project: "p", Logstore: "l"}
	must(t, s.CreateFunction(f), s.CreateFunction(function("g")))
	for name, want := range map[[2]string]bool{{"p", "l"}: true, {"p", ""}: true, {"p", "m"}: false, {"q", ""}: false, {"", ""}: false} {
		if s.HasLogstore(name[0], name[1]) != want {
			t.Errorf("%v", name)
		}
	}
}
