package sls

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"s/pkg/local/logfiles"
)

// Bounds of PutLogs (its documentation; the number of lines is of its older
// versions).
const (
	maxRaw      = 10 << 20 // bytes of a group of logs, not compressed
	maxPutLines = 4096
	maxValue    = 1 << 20 // bytes of a field
)

// putLine is a line that was put.
type putLine struct {
	time   time.Time
	topic  string
	fields map[string]string // with __source__ and tags
}

// putLogs adds the lines of a group of logs to a logstore. Which shard gets them is
// all the same here.
func (c *call) putLogs() error {
	if err := c.logstoreExists(); err != nil {
		return err
	}
	raw, err := c.uncompressed()
	if err != nil {
		return err
	}
	lines, err := readGroup(raw)
	if err != nil {
		return failure(http.StatusBadRequest, "PostBodyInvalid", "Protobuf content cannot parse: "+err.Error())
	}
	if err := checkLines(lines); err != nil {
		return err
	}
	if len(lines) > 0 {
		packed := make([]logfiles.Line, len(lines))
		for i, l := range lines {
			packed[i] = logfiles.Line{Time: l.time, Topic: l.topic, Message: packFields(l.fields)}
		}
		if err := c.cfg.Lines.Append(c.project, c.store, packed); err != nil {
			return err
		}
	}
	return c.done()
}

// uncompressed gives the body as it was before the client compressed it.
func (c *call) uncompressed() ([]byte, error) {
	kind := c.r.Header.Get("X-Log-Compresstype")
	if kind == "" {
		return c.body, nil
	}
	text := c.r.Header.Get("X-Log-Bodyrawsize")
	if text == "" {
		return nil, failure(http.StatusBadRequest, "MissingBodyRawSize", "x-log-bodyrawsize does not exist in http header when it is necessary.")
	}
	size, err := strconv.Atoi(text)
	switch {
	case err != nil || size < 0:
		return nil, failure(http.StatusBadRequest, "InvalidBodyRawSize", "x-log-bodyrawsize "+text+" is invalid.")
	case size > maxRaw:
		return nil, failure(http.StatusBadRequest, "PostBodyTooLarge", fmt.Sprintf("body size %d must be little than %d.", size, maxRaw))
	}
	raw, err := uncompress(kind, c.body, size)
	if errors.Is(err, errCompression) {
		return nil, failure(http.StatusBadRequest, "InvalidCompressType", "x-log-compresstype "+kind+" is unsupported.")
	}
	if err == nil && len(raw) != size {
		err = fmt.Errorf("it has %d bytes, x-log-bodyrawsize says %d", len(raw), size)
	}
	if err != nil {
		return nil, failure(http.StatusBadRequest, "PostBodyUncompressError", "body uncompress failed: "+err.Error())
	}
	return raw, nil
}

var errCompression = errors.New("unknown compression")

// uncompress gives up to one byte more than size, so that more than was said is seen
// and never kept in memory.
func uncompress(kind string, body []byte, size int) ([]byte, error) {
	var in io.Reader
	var err error
	switch kind {
	case "lz4":
		return unlz4(body, size)
	case "deflate":
		in, err = zlib.NewReader(bytes.NewReader(body))
	case "gzip":
		in, err = gzip.NewReader(bytes.NewReader(body))
	case "zstd":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1)); err == nil {
			defer z.Close()
			in = z
		}
	default:
		return nil, errCompression
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(in, int64(size)+1))
}

// checkLines refuses what SLS does; the whole group is refused then.
func checkLines(lines []putLine) error {
	if len(lines) > maxPutLines {
		return failure(http.StatusBadRequest, "PostBodyInvalid", fmt.Sprintf("a group can have %d logs, not %d", maxPutLines, len(lines)))
	}
	for _, l := range lines {
		for key, value := range l.fields {
			switch {
			case key == "":
				return failure(http.StatusBadRequest, "InvalidKey", "a log has a field without a name")
			case len(value) > maxValue:
				return failure(http.StatusBadRequest, "PostBodyInvalid", "field '"+key+"' is larger than 1 MB")
			case !utf8.ValidString(key) || !utf8.ValidString(value):
				return failure(http.StatusBadRequest, "InvalidEncoding", "a log is not in UTF-8")
			}
		}
		if l.time.Unix() == 0 {
			return failure(http.StatusBadRequest, "InvalidTimestamp", "a log has no time")
		}
	}
	return nil
}

// readGroup reads a LogGroup (documentation of SLS's data encoding).
func readGroup(raw []byte) ([]putLine, error) {
	var lines []putLine
	shared := map[string]string{"__source__": localSource}
	topic := ""
	err := eachField(raw, func(number int, value []byte, _ uint64) error {
		switch number {
		case 1:
			line, err := readLog(value)
			lines = append(lines, line)
			return err
		case 3:
			topic = string(value)
		case 4:
			if len(value) > 0 {
				shared["__source__"] = string(value)
			}
		case 6:
			key, text, err := readPair(value)
			shared["__tag__:"+key] = text
			return err
		}
		return nil
	})
	for i := range lines {
		lines[i].topic = topic
		maps.Copy(lines[i].fields, shared)
	}
	return lines, err
}

func readLog(raw []byte) (putLine, error) {
	line := putLine{fields: map[string]string{}}
	var seconds, nanos int64
	err := eachField(raw, func(number int, value []byte, n uint64) error {
		switch number {
		case 1:
			seconds = int64(uint32(n))
		case 2:
			key, text, err := readPair(value)
			line.fields[key] = text
			return err
		case 4:
			nanos = int64(uint32(n))
		}
		return nil
	})
	if err == nil && len(line.fields) == 0 {
		err = errors.New("a log has no fields")
	}
	if nanos >= int64(time.Second) {
		nanos = 0
	}
	line.time = time.Unix(seconds, nanos)
	return line, err
}

func readPair(raw []byte) (key, value string, err error) {
	err = eachField(raw, func(number int, text []byte, _ uint64) error {
		switch number {
		case 1:
			key = string(text)
		case 2:
			value = string(text)
		}
		return nil
	})
	return key, value, err
}
