package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/local/logfiles"
)

func openLogs(t *testing.T, dir string) *Logs {
	t.Helper()
	l, err := OpenLogs(t.Context(), dir)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// TestLinesOfAFormerS: lines that were in the database are handed over once, by
// logstore and in order.
func TestLinesOfAFormerS(t *testing.T) {
	l := openLogs(t, t.TempDir())
	_, err := l.db.Exec(`INSERT INTO logstores VALUES (1, 'p', 'l'), (2, 'p', 'other')`)
	must(t, err)
	const many = movedLines + 5
	tx, err := l.db.Begin()
	must(t, err)
	for i := range many {
		_, err := tx.Exec("INSERT INTO lines VALUES (1, ?, ?, 'topic', 's', 'f', 'LATEST', '1', 'c-1', '1-2', ?)", many-i, i, fmt.Sprint(many-i))
		must(t, err)
	}
	_, err = tx.Exec("INSERT INTO lines VALUES (2, 7, 1, 'topic', 's', 'f', 'LATEST', '1', 'c-1', '1-2', 'elsewhere')")
	must(t, err, tx.Commit())
	moved := map[string][]logfiles.Line{}
	keep := func(project, logstore string, lines []logfiles.Line) error {
		if len(lines) > movedLines {
			t.Errorf("%d lines at once", len(lines))
		}
		moved[project+"/"+logstore] = append(moved[project+"/"+logstore], lines...)
		return nil
	}
	failed := errors.New("the disk is full")
	if err := l.MoveLines(t.Context(), func(string, string, []logfiles.Line) error { return failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
	must(t, l.MoveLines(t.Context(), keep), l.MoveLines(t.Context(), keep))
	lines := moved["p/l"]
	if len(lines) != many || len(moved["p/other"]) != 1 {
		t.Fatalf("%d and %d lines", len(lines), len(moved["p/other"]))
	}
	want := logfiles.Line{
		Time: time.Unix(0, 3), Topic: "topic", Service: "s", Function: "f", Qualifier: "LATEST", VersionID: "1", InstanceID: "c-1", RequestID: "1-2", Message: "3",
	}
	if lines[2] != want {
		t.Errorf("%+v, want %+v", lines[2], want)
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
	has := func(want map[[2]string]bool) {
		t.Helper()
		for name, want := range want {
			if s.HasLogstore(name[0], name[1]) != want {
				t.Errorf("%v: not %v", name, want)
			}
		}
	}
	has(map[[2]string]bool{{"p", "l"}: true, {"p", ""}: true, {"p", "m"}: false, {"q", ""}: false, {"", ""}: false})
	_, err := s.UpdateFunction(f.Region, "f", func(f *Function) error {
		f.Function.LogConfig = &fc.LogConfig{Project: "p", Logstore: "m"}
		return nil
	})
	must(t, err, s.Close())
	s = open(t, s.Dir())
	has(map[[2]string]bool{{"p", "l"}: false, {"p", ""}: true, {"p", "m"}: true})
	must(t, s.DeleteFunction(f.Region, "f", func(*Function) error { return nil }))
	has(map[[2]string]bool{{"p", ""}: false, {"p", "m"}: false})
}
