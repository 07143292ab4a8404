package instance

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"s/pkg/fc"
)

// pipeBudget bounds what is taken from the pipe at once, in bytes: a program that
// prints without end must not keep its own result back. A pipe holds no more, so
// one drain takes all that was printed before it.
const pipeBudget = 64 << 10

// record is the log of one invocation.
type record struct {
	requestID string
	log       func(line string)
	tail      tail
}

// tail keeps the last bytes of a log.
type tail struct{ buf []byte }

func (t *tail) add(line []byte) {
	t.buf = append(append(t.buf, line...), '\n')
	if over := len(t.buf) - fc.MaxTailLog; over > fc.MaxTailLog {
		t.buf = slices.Delete(t.buf, 0, over)
	}
}

// bytes gives at most fc.MaxTailLog bytes.
func (t *tail) bytes() []byte {
	return t.buf[max(0, len(t.buf)-fc.MaxTailLog):]
}

// collector reads what the processes of an instance print, both streams through
// one pipe so that their order is kept, and says whose it is.
type collector struct {
	instanceID string
	sink       func(LogLine)
	now        func() time.Time
	rewrite    *strings.Replacer // paths of the host; nil if there are none
	pipe       logPipe
	finished   chan struct{} // closed when the pipe is at its end

	mu      sync.Mutex
	buf     []byte
	partial []byte // a line that hasn't ended yet
	active  []*record
	boot    tail // what belongs to no request
}

// newCollector makes the pipe; the returned file is its end for the program.
func newCollector(id string, cfg *Config, rewrite *strings.Replacer) (*collector, *os.File, error) {
	pipe, w, err := newLogPipe()
	if err != nil {
		return nil, nil, err
	}
	return collect(pipe, id, cfg, rewrite), w, nil
}

// collect makes a collector of what comes through a pipe.
func collect(pipe logPipe, id string, cfg *Config, rewrite *strings.Replacer) *collector {
	return &collector{
		instanceID: id, sink: cfg.Logs, now: cfg.Now, rewrite: rewrite,
		pipe: pipe, finished: make(chan struct{}), buf: make([]byte, 8<<10),
	}
}

// run reads until the pipe ends or is closed. ended is closed when the program has
// ended.
func (c *collector) run(ended <-chan struct{}) {
	defer close(c.finished)
	c.pipe.readAll(c, ended)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLine()
}

// drain takes what is in the pipe already: after it, everything that the program
// had printed before is attributed.
func (c *collector) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pipe.take(c, pipeBudget)
}

// begin makes the lines from now on those of an invocation.
func (c *collector) begin(inv *Invocation) *record {
	r := &record{requestID: inv.RequestID, log: inv.Log}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pipe.take(c, pipeBudget) // what came before isn't his
	c.endLine()
	c.active = append(c.active, r)
	return r
}

// end closes the log of an invocation and gives its tail.
func (c *collector) end(r *record) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pipe.take(c, pipeBudget)
	if len(c.active) == 1 {
		c.endLine()
	}
	if i := slices.Index(c.active, r); i >= 0 {
		c.active = slices.Delete(c.active, i, i+1)
	}
	return r.tail.bytes()
}

// bootTail is the end of what was printed outside of invocations.
func (c *collector) bootTail() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.boot.bytes())
}

// say adds a line of the platform's own.
func (c *collector) say(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLine()
	c.line([]byte(line))
}

// write takes bytes that came through the pipe. The collector is locked.
func (c *collector) write(b []byte) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		if len(c.partial) > 0 {
			c.partial = append(c.partial, b[:i]...)
			c.endLine()
		} else {
			c.cut(b[:i])
		}
		b = b[i+1:]
	}
	c.partial = append(c.partial, b...)
	for len(c.partial) > fc.MaxLogLine {
		c.line(c.partial[:fc.MaxLogLine])
		c.partial = append(c.partial[:0], c.partial[fc.MaxLogLine:]...)
	}
}

// endLine ends a line without newline. The collector is locked.
func (c *collector) endLine() {
	if len(c.partial) > 0 {
		c.cut(c.partial)
		c.partial = c.partial[:0]
	}
}

// cut makes pieces of a line that is too long, and lines of its own of what the
// runtime printed behind an unfinished one. The collector is locked.
func (c *collector) cut(b []byte) {
	if i := bytes.Index(b, []byte(" End RequestId: ")); i > 0 {
		if j := bytes.LastIndex(b[:i], []byte("FC ")); j > 0 {
			c.cut(b[:j])
			b = b[j:]
		}
	}
	for len(b) > fc.MaxLogLine {
		c.line(b[:fc.MaxLogLine])
		b = b[fc.MaxLogLine:]
	}
	c.line(b)
}

// line attributes one line and hands it on. Carriage returns in it hold a message
// of several lines together (FC's Node.js writes them so): all are of one
// invocation. The collector is locked.
func (c *collector) line(b []byte) {
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	r := c.owner(b)
	for part := range bytes.SplitSeq(b, []byte("\r")) {
		c.put(r, part)
	}
}

// put hands a line on to its invocation, nil for none. The collector is locked.
func (c *collector) put(r *record, b []byte) {
	text := string(b)
	if c.rewrite != nil {
		text = c.rewrite.Replace(text)
		b = []byte(text)
	}
	id := ""
	if r == nil {
		c.boot.add(b)
	} else {
		id = r.requestID
		r.tail.add(b)
		if r.log != nil {
			r.log(text)
		}
	}
	if c.sink != nil {
		c.sink(LogLine{Time: c.now(), InstanceID: c.instanceID, RequestID: id, Message: text})
	}
}

// owner finds the invocation that a line belongs to: the only one, or the one
// whose request id is in the line. The collector is locked.
func (c *collector) owner(line []byte) *record {
	if len(c.active) == 1 {
		return c.active[0]
	}
	for _, r := range c.active {
		if bytes.Contains(line, []byte(r.requestID)) {
			return r
		}
	}
	return nil
}
