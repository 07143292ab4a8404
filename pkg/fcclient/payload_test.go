package fcclient

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"
)

func TestPayload(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("AbC/", 100_000)
	for _, p := range []payload{
		{}, {head: []byte(`{"a":1}`)}, withZip([]byte(`{"a":1}`), ""), withZip([]byte(`{"code":{"zipFile":"@"},"a":1}`), long),
	} {
		text, err := io.ReadAll(p.reader())
		if err != nil || string(text) != string(p.whole()) || int64(len(text)) != p.size() {
			t.Fatalf("%v: %d bytes read, %d whole, size %d", err, len(text), len(p.whole()), p.size())
		}
		sum := sha256.Sum256(text)
		if hex.EncodeToString(sum[:]) != p.sum() {
			t.Errorf("the sum of %.30q", text)
		}
	}
	if got := string(withZip([]byte(`{"code":{"zipFile":"@","checksum":"1"},"a":"@"}`), "xyz").whole()); got != `{"code":{"zipFile":"xyz","checksum":"1"},"a":"@"}` {
		t.Error(got)
	}
}
