package fcclient

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"s/pkg/access"
	"s/pkg/debug"
)

// TestDebug: every request is told of, with its tries, and none of what it
// carries.
func TestDebug(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	client, _, _ := flaky(t, http.Header{"Retry-After": {"2"}, "X-Fc-Request-Id": {"R"}}, 503, 429)
	client.config.Debug = debug.New(debug.Options{Out: &out})
	client.config.Credentials = access.Credentials{AccessKeyID: "hush-id", AccessKeySecret: "hush-secret", SecurityToken: "hush-token"}
	if _, err := client.GetFunction(t.Context(), "f", "hush-qualifier"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Invoke(t.Context(), InvokeInput{Function: "f", Qualifier: "hush", Event: []byte("hush")}); err != nil {
		t.Fatal(err)
	}
	client.config.Endpoint = "http://127.0.0.1:1"
	if _, err := client.GetFunction(t.Context(), "f", ""); err == nil {
		t.Fatal("nobody is there")
	}
	got := regexp.MustCompile(`\[ *\d+ ms\] `).ReplaceAllString(out.String(), "")
	got = regexp.MustCompile(`\d+ ms\b`).ReplaceAllString(got, "N ms")
	got = regexp.MustCompile(`127\.0\.0\.1:\d\d+`).ReplaceAllString(got, "HOST")
	want := `api: GET HOST/2023-03-30/functions/f (GetFunction 2023-03-30) → 503, request id R, N ms
api: try 1 of 4 failed, the next in N ms: C503
api: GET HOST/2023-03-30/functions/f (GetFunction 2023-03-30) → 429, request id R, N ms
api: try 2 of 4 failed, the next in N ms: C429
api: GET HOST/2023-03-30/functions/f (GetFunction 2023-03-30) → 200, request id none, N ms
api: POST HOST/2023-03-30/functions/f/invocations (InvokeFunction 2023-03-30) → 200, request id none, N ms
api: GET 127.0.0.1:1/2023-03-30/functions/f (GetFunction 2023-03-30) → no answer after N ms: dial tcp 127.0.0.1:1: connect: connection refused
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
	if strings.Contains(out.String(), "hush") {
		t.Error("a secret shows")
	}
}

// TestReasons: a try that failed says why, without the words of the server.
func TestReasons(t *testing.T) {
	t.Parallel()
	if got := reason(&UnreachableError{Host: "hush"}); got != "no answer" {
		t.Error(got)
	}
}
