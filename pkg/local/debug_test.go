package local

import (
	"bytes"
	"strings"
	"testing"

	"s/pkg/debug"
)

// TestEnsureIsTold: that a daemon was started, found and replaced.
func TestEnsureIsTold(t *testing.T) {
	var out bytes.Buffer
	o := ensureOptions(t, t.TempDir(), "1")
	o.Debug = debug.New(debug.Options{Out: &out})
	info := ensure(t, o)
	ensure(t, o)
	o.Version, o.Args[len(o.Args)-1] = "2", "2"
	next := ensure(t, o)
	text := out.String()
	for _, want := range []string{
		"local: starting: " + o.Exe, "local: started: pid ", "local: found: pid ", ", version 1, " + info.Endpoint + "\n",
		"local: another version or build runs and is stopped: pid ", "local: started: pid ", next.Endpoint + ", isolation ",
	} {
		at := strings.Index(text, want)
		if at < 0 {
			t.Fatalf("no %q in its place in\n%s", want, &out)
		}
		text = text[at+len(want):]
	}
	if strings.Contains(out.String(), info.AccessKeySecret) {
		t.Error("a secret shows")
	}
}
