package screentest

import "testing"

func TestShow(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ output, want string }{
		{"one\ntwo\n", "one\ntwo"},
		{"one\ntwo\n\x1b[2Anew\n", "new\ntwo"},
		{"one\ntwo\n\r\x1b[2A\x1b[J", ""},
		{"one\ntwo\n\x1b[1Ax\x1b[K\n", "one\nx"},
		{"\x1b[31mred\x1b[0m\n", "red"},
		{"0123456789\n", "01234567\n89"}, // it is 8 columns wide
		{"中文字符五\n", "中文字符\n五"},
		{"中文\rab", "ab文"},
	} {
		got, err := Show(8, tc.output)
		if err != nil || got != tc.want {
			t.Errorf("%q: %q, %v; want %q", tc.output, got, err, tc.want)
		}
	}
	if got, err := Show(8, "\x1b[5X"); err == nil {
		t.Errorf("an unknown sequence shows %q", got)
	}
}
