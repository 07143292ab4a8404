package alicloudtest

import (
	"io"
	"net/http"
	"testing"
)

// readAll reads a body to its end, where signatures of bodies are checked.
func readAll(t *testing.T, r *http.Request) []byte {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("%s %s: %v", r.Method, r.Host, err)
	}
	return data
}
