package sls

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// text is a field of a message that is a text or a message.
func text(number int, value string) string {
	return string(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(number)<<3|2), uint64(len(value)))) + value
}

func number(number int, value uint64) string {
	return string(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(number)<<3), value))
}

func fixed32(number int, value uint32) string {
	return string(binary.LittleEndian.AppendUint32(binary.AppendUvarint(nil, uint64(number)<<3|5), value))
}

// logOf is a Log with fields, in the order of their names.
func logOf(seconds uint64, fields map[string]string) string {
	out := number(1, seconds)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		out += text(2, text(1, name)+text(2, fields[name]))
	}
	return text(1, out)
}

const putInto = "/logstores/logs/shards/lb"

// found are the lines of the logstore that a query finds.
func (w *world) found(query string) []map[string]string {
	w.t.Helper()
	var lines []map[string]string
	g := w.do("GET", "functions", "/logstores/logs?type=log&from=0&to=5000&query="+query, "").is(200, "")
	if err := json.Unmarshal([]byte(g.body), &lines); err != nil {
		w.t.Fatal(err)
	}
	return lines
}

func TestPutLogs(t *testing.T) {
	w := newWorld(t)
	group := logOf(1000, map[string]string{"level": "WARN", "text": "disk is full", "code": "507"}) +
		text(1, number(1, 1001)+text(2, text(1, "level")+text(2, "INFO"))+fixed32(4, 5)) +
		text(3, "app") + text(4, "10.0.0.1") + text(5, "machine") + text(6, text(1, "host")+text(2, "web-1")) + text(99, "of the future")
	w.do("POST", "functions", putInto, group, "Content-Type: application/x-protobuf").is(200, "")
	want := []map[string]string{
		{
			"__time__": "1000", "__time_ns_part__": "0", "__topic__": "app", "__source__": "10.0.0.1", "__tag__:host": "web-1",
			"level": "WARN", "text": "disk is full", "code": "507",
		},
		{"__time__": "1001", "__time_ns_part__": "5", "__topic__": "app", "__source__": "10.0.0.1", "__tag__:host": "web-1", "level": "INFO"},
	}
	if d := cmp.Diff(want, w.found("")); d != "" {
		t.Error(d)
	}
	for query, count := range map[string]int{
		"level:WARN": 1, "level:warn%20and%20full": 1, "level:WARN%20or%20level:INFO": 2, "not%20level:WARN": 1, "__topic__:app": 2,
		"__source__:10.0.0.1": 2, "507": 1, "code:50*": 1, "host:web-1": 0, "nothing": 0, "%22disk%20is%20full%22": 1, "functionName:x": 0,
	} {
		if lines := w.found(query); len(lines) != count {
			t.Errorf("%s: %v, want %d", query, lines, count)
		}
	}
	w.do("GET", "functions", "/logstores/logs?type=histogram&from=1000&to=1002&interval=1&query=level:INFO", "").is(200, "").
		says(`{"from":1000,"to":1001,"count":0,"progress":"Complete"},{"from":1001,"to":1002,"count":1,"progress":"Complete"}`)
	w.do("GET", "functions", "/logstores/logs?type=log&from=0&to=5000&query=level:WARN%20%7C%20select%20count(*)", "").is(501, "NotImplemented").says("SQL, after a '|'")
	// A group without source and topic, one without lines, and the other paths.
	w.do("POST", "functions", "/logstores/logs/shards/route?key=00", logOf(2000, map[string]string{"a": "b"})).is(200, "")
	w.do("POST", "functions", "/logstores/logs", text(3, "empty")).is(200, "")
	if d := cmp.Diff([]map[string]string{{"__time__": "2000", "__time_ns_part__": "0", "__topic__": "", "__source__": localSource, "a": "b"}}, w.found("a:b")); d != "" {
		t.Error(d)
	}
}

// literals is a block of LZ4 without matches.
func literals(data string) string {
	n := len(data)
	if n < 15 {
		return string(rune(n<<4)) + data
	}
	out := []byte{15 << 4}
	for n -= 15; n >= 255; n -= 255 {
		out = append(out, 255)
	}
	return string(append(out, byte(n))) + data
}

func packed(t *testing.T, data string, writer func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var b bytes.Buffer
	w := writer(&b)
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCompressedLogs(t *testing.T) {
	group := logOf(1000, map[string]string{"a": strings.Repeat("word ", 500)})
	for kind, body := range map[string]string{
		"lz4":     literals(group),
		"deflate": packed(t, group, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }),
		"gzip":    packed(t, group, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
		"zstd": packed(t, group, func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w)
			if err != nil {
				t.Fatal(err)
			}
			return z
		}),
	} {
		w := newWorld(t)
		w.do("POST", "functions", putInto, body, "x-log-compresstype: "+kind, fmt.Sprint("x-log-bodyrawsize: ", len(group))).is(200, "")
		if lines := w.found("word"); len(lines) != 1 || len(lines[0]["a"]) != 2500 {
			t.Errorf("%s: %v", kind, lines)
		}
		for _, size := range []int{len(group) - 1, len(group) + 1, 0} {
			w.do("POST", "functions", putInto, body, "x-log-compresstype: "+kind, fmt.Sprint("x-log-bodyrawsize: ", size)).is(400, "PostBodyUncompressError")
		}
		w.do("POST", "functions", putInto, body[:len(body)/2], "x-log-compresstype: "+kind, fmt.Sprint("x-log-bodyrawsize: ", len(group))).is(400, "PostBodyUncompressError")
		if lines := w.found(""); len(lines) != 1 {
			t.Errorf("%s: refused groups left %d lines", kind, len(lines)-1)
		}
	}
}

func TestPutLogsRefuses(t *testing.T) {
	w := newWorld(t)
	line := map[string]string{"a": "b"}
	for _, tt := range []struct {
		project, target, body string
		headers               []string
		status                int
		code                  string
	}{
		{"none", putInto, logOf(1, line), nil, 404, "ProjectNotExist"},
		{"functions", "/logstores/none/shards/lb", logOf(1, line), nil, 404, "LogStoreNotExist"},
		{"functions", putInto, logOf(1, line), []string{"X-Forged: yes"}, 401, "SignatureNotMatch"},
		{"functions", putInto, "{}", nil, 400, "PostBodyInvalid"},
		{"functions", putInto, logOf(1, line)[:5], nil, 400, "PostBodyInvalid"},
		{"functions", putInto, logOf(1, nil), nil, 400, "PostBodyInvalid"},
		{"functions", putInto, logOf(0, line), nil, 400, "InvalidTimestamp"},
		{"functions", putInto, logOf(1, map[string]string{"": "b"}), nil, 400, "InvalidKey"},
		{"functions", putInto, logOf(1, map[string]string{"a": "\xff"}), nil, 400, "InvalidEncoding"},
		{"functions", putInto, logOf(1, map[string]string{"a": strings.Repeat("x", maxValue+1)}), nil, 400, "PostBodyInvalid"},
		{"functions", putInto, strings.Repeat(logOf(1, line), maxPutLines+1), nil, 400, "PostBodyInvalid"},
		{"functions", putInto, "x", []string{"x-log-compresstype: lz4"}, 400, "MissingBodyRawSize"},
		{"functions", putInto, "x", []string{"x-log-compresstype: lz4", "x-log-bodyrawsize: y"}, 400, "InvalidBodyRawSize"},
		{"functions", putInto, "x", []string{"x-log-compresstype: lz4", fmt.Sprint("x-log-bodyrawsize: ", maxRaw+1)}, 400, "PostBodyTooLarge"},
		{"functions", putInto, "x", []string{"x-log-compresstype: rar", "x-log-bodyrawsize: 1"}, 400, "InvalidCompressType"},
	} {
		w.do("POST", tt.project, tt.target, tt.body, tt.headers...).is(tt.status, tt.code)
	}
	if lines := w.found(""); len(lines) != 0 {
		t.Errorf("refused groups left %v", lines)
	}
	w.do("POST", "functions", putInto, strings.Repeat(logOf(1, line), maxPutLines)).is(200, "")
}

// Blocks made by hand: a match may overlap with what it makes, and reach back to what
// is long ago.
func TestLZ4(t *testing.T) {
	for _, tt := range []struct {
		block, want string
	}{
		{"", ""},
		{"\x30abc", "abc"},
		{"\x1fa\x01\x00\x05\x50bcdef", "a" + strings.Repeat("a", 24) + "bcdef"},
		{"\x32abc\x03\x00\x50vwxyz", "abcabcabcvwxyz"},
		{literals(strings.Repeat("x", 15)), strings.Repeat("x", 15)},
		{literals(strings.Repeat("x", 600)), strings.Repeat("x", 600)},
	} {
		if got, err := unlz4([]byte(tt.block), len(tt.want)); err != nil || string(got) != tt.want {
			t.Errorf("%q: %q, %v, want %q", tt.block, got, err, tt.want)
		}
	}
	for _, block := range []string{"\x30ab", "\x10a\x00\x00", "\x10a\x02\x00", "\x10a\x01", "\xf0", "\xf0\xff", "\x1fa\x01\x00", "\x1fa\x01\x00\xff\x00"} {
		if got, err := unlz4([]byte(block), 20); err == nil {
			t.Errorf("%q: %q", block, got)
		}
	}
}

// What is packed is what is unpacked, and what isn't packed harms nothing.
func TestPackedFields(t *testing.T) {
	for _, fields := range []map[string]string{
		{"a": ""}, {"": ""}, {"a": "1", "b": "two\nlines,3\n"}, {"ü": "\"x\" \\ \x00", "1,2": "\n\n"},
	} {
		got := map[string]string{}
		for _, f := range appendPacked(nil, packFields(fields)) {
			got[f.name] = f.value
		}
		if d := cmp.Diff(fields, got); d != "" {
			t.Error(d)
		}
	}
	for _, message := range []string{"", "x", "1,", "1,9\na", "-1,2\nabc", "1,1\n", "99999999999999999999,1\na"} {
		if got := appendPacked(nil, message); len(got) > 1 {
			t.Errorf("%q: %v", message, got)
		}
	}
}

// FuzzGroups: whatever a client sends is read or refused, and never more than was
// said is unpacked.
func FuzzGroups(f *testing.F) {
	f.Add([]byte(logOf(1, map[string]string{"a": "b"})+text(3, "t")+text(6, text(1, "k")+text(2, "v"))), 10)
	f.Add([]byte("\x1fa\x01\x00\x05\x50bcdef"), 30)
	f.Fuzz(func(t *testing.T, raw []byte, size int) {
		if lines, err := readGroup(raw); err == nil {
			for _, l := range lines {
				if l.fields == nil {
					t.Error("a line without fields")
				}
			}
		}
		appendPacked(nil, string(raw))
		size = min(max(size, 0), 1<<16)
		if out, err := unlz4(raw, size); err == nil && len(out) != size {
			t.Errorf("%d bytes, want %d", len(out), size)
		}
	})
}
