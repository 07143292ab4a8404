package iostreams

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestDebug: the log is off until it is started, faint where colour is on, and
// one for all streams made of the same.
func TestDebug(t *testing.T) {
	t.Parallel()
	var none *IOStreams
	if none.Debug().On() {
		t.Error("a log of nothing is on")
	}
	s, _, out, errOut := Test()
	if s.Debug().On() {
		t.Error("it is on before it is started")
	}
	s.StartDebug(time.Now().Add(-time.Minute))
	s.Debug().Linef("x", "plain")
	s.SetColorEnabled(true)
	s.Debug().Linef("x", "faint")
	var own, ownErr bytes.Buffer
	with := s.With(&own, &ownErr)
	s.SetColorEnabled(false)
	with.Debug().Linef("x", "of the same")
	lines := strings.Split(strings.TrimSuffix(errOut.String(), "\n"), "\n")
	if len(lines) != 3 || out.Len()+own.Len()+ownErr.Len() > 0 {
		t.Fatalf("%q, and %q %q %q", lines, out, &own, &ownErr)
	}
	for i, want := range []struct{ start, end string }{{"[ 6", " ms] x: plain"}, {"\x1b[2m[ 6", " ms] x: faint\x1b[0m"}, {"[ 6", " ms] x: of the same"}} {
		if !strings.HasPrefix(lines[i], want.start) || !strings.HasSuffix(lines[i], want.end) {
			t.Errorf("%q", lines[i])
		}
	}
}
