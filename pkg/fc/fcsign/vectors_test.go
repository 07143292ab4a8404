package fcsign

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
)

// vector is a request that a real client (the JavaScript SDK of FC 3.0, and
// fc2 for tempBucketToken) signed with a made-up key.
type vector struct {
	Name   string            `json:"name"`
	Method string            `json:"method"`
	Target string            `json:"target"`
	Host   string            `json:"host"`
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
}

func loadVectors(t *testing.T) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 8 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	return vectors
}

func (v vector) request() *http.Request {
	r := httptest.NewRequest(v.Method, v.Target, strings.NewReader(v.Body))
	if v.Body == "" {
		r.Body = http.NoBody
	}
	r.Host = v.Host
	for name, value := range v.Header {
		r.Header.Set(name, value)
	}
	return r
}

func exampleKeys(id string) (Keys, bool) {
	return Keys{AccessKeyID: "LTAIexampleid", AccessKeySecret: "examplesecret"}, id == "LTAIexampleid"
}

func recordedTime() time.Time { return time.Date(2026, 11, 23, 14, 36, 0, 0, time.UTC) }

func TestRealClientsSignaturesVerify(t *testing.T) {
	for _, v := range loadVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			verifier := NewVerifier(exampleKeys, recordedTime)
			r := v.request()
			id, err := verifier.Verify(r)
			if err != nil || id != "LTAIexampleid" {
				t.Fatalf("Verify = %q, %v", id, err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != v.Body {
				t.Fatalf("body = %q, %v", body, err)
			}
		})
	}
}

func TestRealClientsRequestsChanged(t *testing.T) {
	changes := []struct {
		name   string
		change func(*http.Request)
	}{
		{"method", func(r *http.Request) { r.Method = "PATCH" }},
		{"path", func(r *http.Request) { r.URL.Path += "x"; r.URL.RawPath = "" }},
		{"date", func(r *http.Request) {
			if r.Header.Get(headerACSDate) != "" {
				r.Header.Set(headerACSDate, "2026-11-23T14:36:00Z")
			} else {
				r.Header.Set("Date", "Mon, 23 Nov 2026 14:36:00 GMT")
			}
		}},
		{"signed header", func(r *http.Request) {
			if r.Header.Get(headerAction) != "" {
				r.Header.Set(headerAction, "DeleteFunction")
			} else {
				r.Header.Set("X-Fc-Account-Id", "1")
			}
		}},
	}
	for _, v := range loadVectors(t) {
		for _, c := range changes {
			t.Run(v.Name+"/"+c.name, func(t *testing.T) {
				r := v.request()
				c.change(r)
				_, err := NewVerifier(exampleKeys, recordedTime).Verify(r)
				if !fc.IsCode(err, fc.CodeSignatureNotMatch) {
					t.Fatalf("err = %v, want SignatureNotMatch", err)
				}
			})
		}
	}
}

func TestRealClientsBodyChanged(t *testing.T) {
	for _, v := range loadVectors(t) {
		if v.Body == "" {
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			v.Body = "x" + v.Body[1:]
			r := v.request()
			if _, err := NewVerifier(exampleKeys, recordedTime).Verify(r); err != nil {
				t.Fatalf("the headers are right, yet: %v", err)
			}
			_, err := io.ReadAll(r.Body)
			var api *fc.APIError
			if !errors.As(err, &api) || api.Code != fc.CodeSignatureNotMatch || api.Status != 403 {
				t.Fatalf("reading gave %v, want SignatureNotMatch", err)
			}
			if _, again := r.Body.Read(make([]byte, 1)); !errors.Is(again, err) {
				t.Errorf("a second Read gave %v, want the same error", again)
			}
		})
	}
}

func TestQueryIsCovered(t *testing.T) {
	for _, v := range loadVectors(t) {
		if !strings.Contains(v.Target, "?") {
			continue
		}
		v.Target += "&limit=1"
		_, err := NewVerifier(exampleKeys, recordedTime).Verify(v.request())
		if !fc.IsCode(err, fc.CodeSignatureNotMatch) {
			t.Errorf("%s: err = %v, want SignatureNotMatch", v.Name, err)
		}
	}
}
