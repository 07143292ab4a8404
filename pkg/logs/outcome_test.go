package logs

import "testing"

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name          string
		lines         []string
		failed, known bool
	}{
		{"no lines", nil, false, false},
		{"it went well", []string{"FC Invoke Start RequestId: r", "an Error, they say", "FC Invoke End RequestId: r"}, false, true},
		{"an error", []string{"FC Invoke Start RequestId: r", "FC Invoke End RequestId: r, Error: Unhandled function error"}, true, true},
		{"an error the function told", []string{"FC Invoke Start RequestId: r", "FC Invoke End RequestId: r, Error: Handled function error"}, true, true},
		{"no end", []string{"FC Invoke Start RequestId: r", "working"}, true, true},
		{"the beginning isn't in the span", []string{"FC Invoke End RequestId: r"}, false, true},
		{"no marks", []string{"GET / 200"}, false, true},
		{"it couldn't begin", []string{"FC Initialize Start RequestId: r", "FC Initialize End RequestId: r, Error: Unhandled function error"}, true, true},
		{"marks in one message", []string{"FC Invoke Start RequestId: r\nhm\nFC Invoke End RequestId: r, Error: Unhandled function error\n"}, true, true},
	} {
		var o Outcomes
		for _, text := range tc.lines {
			o.Add(Line{RequestID: "r", Message: text})
			o.Add(Line{RequestID: "other", Message: "FC Invoke Start RequestId: other"})
			o.Add(Line{Message: "FC Invoke End RequestId: , Error: of nobody"})
		}
		if failed, known := o.Failed("r"); failed != tc.failed || known != tc.known {
			t.Errorf("%s: %v, %v", tc.name, failed, known)
		}
		if _, known := o.Failed(""); known {
			t.Errorf("%s: a request without id is known", tc.name)
		}
	}
}
