package proc

import "testing"

func TestParseHolder(t *testing.T) {
	for _, test := range []struct {
		out, name string
		pid       int
		ok        bool
	}{
		{"p123\ncnode\nf21\np456\ncother\n", "node", 123, true},
		{"p123\n", "", 123, true},
		{"pnonsense\ncx\n", "x", 0, false},
		{"", "", 0, false},
	} {
		pid, name, ok := parseHolder(test.out)
		if pid != test.pid || name != test.name || ok != test.ok {
			t.Errorf("%q: got %d %q %t", test.out, pid, name, ok)
		}
	}
}
