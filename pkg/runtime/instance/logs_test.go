package instance

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
)

// newTestCollector gives a collector, the program's end of its pipe and what it
// collected. Nothing reads the pipe in the background unless the test has it so.
func newTestCollector(t *testing.T, rewrite *strings.Replacer) (*collector, *os.File, *collected) {
	t.Helper()
	logs := &collected{}
	c, w, err := newCollector("c-1", &Config{Logs: logs.add, Now: time.Now}, rewrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Close()
		c.pipe.close()
	})
	return c, w, logs
}

func print(t *testing.T, w *os.File, text string) {
	t.Helper()
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestLinesBelongToTheInvocation(t *testing.T) {
	c, w, logs := newTestCollector(t, nil)
	print(t, w, "before\nno newline")
	var own []string
	a := c.begin(&Invocation{RequestID: "a", Log: func(l string) { own = append(own, l) }})
	print(t, w, "one\r\ntwo")
	if tail := c.end(a); string(tail) != "one\ntwo\n" {
		t.Errorf("tail %q", tail)
	}
	print(t, w, "after\n")
	b := c.begin(&Invocation{RequestID: "b"})
	c.end(b)
	if got := logs.of("a"); !slices.Equal(got, []string{"one", "two"}) || !slices.Equal(own, got) {
		t.Errorf("%q, %q", got, own)
	}
	if got := logs.of(""); !slices.Equal(got, []string{"before", "no newline", "after"}) {
		t.Errorf("%q", got)
	}
	if got := logs.of("b"); len(got) != 0 {
		t.Errorf("%q", got)
	}
	if string(c.bootTail()) != "before\nno newline\nafter\n" {
		t.Errorf("%q", c.bootTail())
	}
}

// TestMessagesOfSeveralLines come with carriage returns between their lines, and
// belong together.
func TestMessagesOfSeveralLines(t *testing.T) {
	c, w, logs := newTestCollector(t, nil)
	a, b := c.begin(&Invocation{RequestID: "1-aa"}), c.begin(&Invocation{RequestID: "1-bb"})
	print(t, w, "1-bb [info] first\rsecond\r\r\n1-aa [info] one\r\n")
	c.end(a)
	if tail := c.end(b); string(tail) != "1-bb [info] first\nsecond\n\n" {
		t.Errorf("tail %q", tail)
	}
	if got := logs.of("1-bb"); !slices.Equal(got, []string{"1-bb [info] first", "second", ""}) {
		t.Errorf("%q", got)
	}
	if got := logs.of("1-aa"); !slices.Equal(got, []string{"1-aa [info] one"}) {
		t.Errorf("%q", got)
	}
}

func TestLinesOfSeveralInvocations(t *testing.T) {
	c, w, logs := newTestCollector(t, nil)
	a, b := c.begin(&Invocation{RequestID: "1-aa"}), c.begin(&Invocation{RequestID: "1-bb"})
	print(t, w, "FC Invoke Start RequestId: 1-aa\nof 1-bb\nwhose?\nhalf a line of 1-aa")
	c.end(a)
	print(t, w, " ends here\nnow only one\n")
	c.end(b)
	if got := logs.of("1-aa"); !slices.Equal(got, []string{"FC Invoke Start RequestId: 1-aa"}) {
		t.Errorf("%q", got)
	}
	if got := logs.of("1-bb"); !slices.Equal(got, []string{"of 1-bb", "half a line of 1-aa ends here", "now only one"}) {
		t.Errorf("%q", got)
	}
	if got := logs.of(""); !slices.Equal(got, []string{"whose?"}) {
		t.Errorf("%q", got)
	}
}

func TestLongLines(t *testing.T) {
	for _, end := range []string{"\n", ""} {
		c, w, logs := newTestCollector(t, nil)
		go c.run(nil)
		r := c.begin(&Invocation{RequestID: "a"})
		print(t, w, strings.Repeat("x", 2*fc.MaxLogLine+5)+end)
		tail := c.end(r)
		var sizes []int
		for _, l := range logs.of("a") {
			sizes = append(sizes, len(l))
		}
		if !slices.Equal(sizes, []int{fc.MaxLogLine, fc.MaxLogLine, 5}) {
			t.Errorf("%v", sizes)
		}
		if len(tail) != fc.MaxTailLog {
			t.Errorf("tail of %d", len(tail))
		}
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var tl tail
	var all bytes.Buffer
	for i := range 5000 {
		line := fmt.Sprint("line ", i)
		tl.add([]byte(line))
		all.WriteString(line + "\n")
		if len(tl.buf) > 3*fc.MaxTailLog {
			t.Fatalf("keeps %d bytes", len(tl.buf))
		}
	}
	if want := all.Bytes()[all.Len()-fc.MaxTailLog:]; !bytes.Equal(tl.bytes(), want) {
		t.Errorf("%q", tl.bytes())
	}
}

func TestMarkerBehindUnfinishedLine(t *testing.T) {
	c, w, logs := newTestCollector(t, nil)
	r := c.begin(&Invocation{RequestID: "a"})
	print(t, w, "no newlineFC Invoke End RequestId: a\nFC Invoke End RequestId: a\nx End RequestId: a\n")
	c.end(r)
	want := []string{"no newline", "FC Invoke End RequestId: a", "FC Invoke End RequestId: a", "x End RequestId: a"}
	if got := logs.of("a"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestRewrite(t *testing.T) {
	c, w, logs := newTestCollector(t, strings.NewReplacer("/host/code", "/code"))
	r := c.begin(&Invocation{RequestID: "a"})
	print(t, w, `File "/host/code/index.py"`+"\n")
	if tail := c.end(r); string(tail) != "File \"/code/index.py\"\n" || logs.of("a")[0] != `File "/code/index.py"` {
		t.Errorf("%q %q", tail, logs.of("a"))
	}
}

func TestRunEndsWithThePipe(t *testing.T) {
	c, w, logs := newTestCollector(t, nil)
	go c.run(nil)
	print(t, w, "last words")
	w.Close()
	select {
	case <-c.finished:
	case <-time.After(patience):
		t.Fatal("it doesn't end")
	}
	if got := logs.of(""); !slices.Equal(got, []string{"last words"}) {
		t.Errorf("%q", got)
	}
}

func TestLinesStream(t *testing.T) {
	c, w, logs := newTestCollector(t, nil)
	go c.run(nil)
	r := c.begin(&Invocation{RequestID: "a"})
	defer c.end(r)
	print(t, w, "now\n")
	for deadline := time.Now().Add(patience); len(logs.of("a")) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the line doesn't come while the function works")
		}
	}
}

// TestAllLinesCome: few and many, while nobody ends an invocation.
func TestAllLinesCome(t *testing.T) {
	c, w, logs := newTestCollector(t, nil)
	go c.run(nil)
	total := 0
	for _, lines := range []int{1, 1, 2, 5000, 1, 20_000, 3} { // 20,000 are more than the pipe holds
		print(t, w, strings.Repeat("a line of a program\n", lines))
		total += lines
		for deadline := time.Now().Add(patience); len(logs.of("")) < total; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d lines of %d came", len(logs.of("")), total)
			}
		}
	}
	if got := len(logs.of("")); got != total {
		t.Errorf("%d lines of %d", got, total)
	}
}

// TestRunEndsWhenClosed: something of the host may hold the pipe open.
func TestRunEndsWhenClosed(t *testing.T) {
	for _, printed := range []string{"", "a line\n"} {
		c, w, _ := newTestCollector(t, nil)
		ended := make(chan struct{})
		go c.run(ended)
		print(t, w, printed)
		close(ended)
		c.pipe.close()
		select {
		case <-c.finished:
		case <-time.After(patience):
			t.Fatal("it doesn't end")
		}
	}
}

func TestLineWriter(t *testing.T) {
	var got []string
	w := &lineWriter{say: func(s string) { got = append(got, s) }}
	for _, s := range []string{"a", "b\nc\n", "", "d"} {
		if n, err := w.Write([]byte(s)); n != len(s) || err != nil {
			t.Errorf("%d %v", n, err)
		}
	}
	w.flush()
	w.flush()
	if !slices.Equal(got, []string{"ab", "c", "d"}) {
		t.Errorf("%q", got)
	}
}
