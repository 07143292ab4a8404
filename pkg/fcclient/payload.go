package fcclient

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"

	"s/pkg/fc/fcsign"
)

// payload is the body of a request: a document, or one with a code.zipFile of many
// megabytes, which are sent and summed up where they are and never copied.
type payload struct {
	head []byte
	zip  string
	tail []byte
}

// withZip is a document with what was set aside of it in its place.
func withZip(body []byte, zip string) payload {
	if zip == "" {
		return payload{head: body}
	}
	before, after, _ := bytes.Cut(body, []byte(zipPlace))
	return payload{append(bytes.Clone(before), `"zipFile":"`...), zip, append([]byte{'"'}, after...)}
}

func (p payload) size() int64 { return int64(len(p.head) + len(p.zip) + len(p.tail)) }

// reader gives the body from its beginning.
func (p payload) reader() io.Reader {
	if p.zip == "" {
		return bytes.NewReader(p.head)
	}
	return io.MultiReader(bytes.NewReader(p.head), strings.NewReader(p.zip), bytes.NewReader(p.tail))
}

// whole is the body in one piece.
func (p payload) whole() []byte {
	if p.zip == "" {
		return p.head
	}
	out := make([]byte, 0, p.size())
	return append(append(append(out, p.head...), p.zip...), p.tail...)
}

// sum is what ACS3 signs of it (x-acs-content-sha256).
func (p payload) sum() string {
	if p.size() == 0 {
		return fcsign.EmptyPayload
	}
	digest := sha256.New()
	digest.Write(p.head)
	for rest := p.zip; rest != ""; {
		n := min(len(rest), 64<<10)
		digest.Write([]byte(rest[:n]))
		rest = rest[n:]
	}
	digest.Write(p.tail)
	return hex.EncodeToString(digest.Sum(nil))
}
