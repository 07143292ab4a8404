package httpconn

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"s/pkg/runtime/rawio"
)

// soonConn is a connection that notes how it is read.
type soonConn struct {
	net.Conn
	soon error // what looking gives, if not a byte
	how  strings.Builder
}

func (c *soonConn) Read(p []byte) (int, error) {
	c.how.WriteByte('r')
	return copy(p, "x"), nil
}

func (c *soonConn) ReadSoon(_ *rawio.Attention, p []byte) (int, error) {
	c.how.WriteByte('s')
	if c.soon != nil {
		return 0, c.soon
	}
	return copy(p, "x"), nil
}

// TestLooksForTheBeginning: an answer's first bytes are looked for, as long as that
// pays; the others are waited for.
func TestLooksForTheBeginning(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		attention *rawio.Attention
		soon      error
		want      string
		err       error
	}{
		{"it comes at once", new(rawio.Attention), nil, "sr sr sr sr", nil},
		{"it doesn't", new(rawio.Attention), rawio.ErrNothing, "srr rr srr rr", nil},
		{"the server is gone", new(rawio.Attention), io.EOF, "s s s s", io.EOF},
		{"nobody has attention", nil, nil, "rr rr rr rr", nil},
	} {
		nc := &soonConn{soon: test.soon}
		k := &conn{client: New("", test.attention), nc: nc}
		var err error
		var rounds []string
		for range 4 { // each with two reads
			k.asked = true
			nc.how.Reset()
			for range 2 {
				var n int
				if n, err = k.Read(make([]byte, 4)); err != nil {
					break
				}
				if n != 1 {
					t.Errorf("%s: %d bytes", test.name, n)
				}
			}
			rounds = append(rounds, nc.how.String())
		}
		if got := strings.Join(rounds, " "); got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: read by %s, want %s; %v", test.name, got, test.want, err)
		}
	}
}
