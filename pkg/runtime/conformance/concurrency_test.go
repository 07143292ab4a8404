package conformance

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"

	"s/pkg/runtime/instance"
)

// stamp is the time of a logger's line, as the languages write it.
var stamp = regexp.MustCompile(`^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?Z?`)

// together calls the function n times at once and gives the results in order.
func (s *subject) together(n int, event func(int) string) []*instance.Result {
	s.Helper()
	if s.i == nil {
		s.start()
	}
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	out := make([]*instance.Result, n)
	var wg sync.WaitGroup
	for k := range n {
		wg.Go(func() {
			res, err := s.i.Invoke(ctx, &instance.Invocation{RequestID: fmt.Sprintf("1-%08d-00000000-000000000000", k), Event: []byte(event(k))})
			if err != nil {
				s.Error(err)
				res = &instance.Result{}
			}
			out[k] = res
		})
	}
	wg.Wait()
	return out
}

func concurrency() []clause {
	number := func(k int) string { return fmt.Sprint(k) }
	return []clause{
		{id: "concurrent", text: "instanceConcurrency invocations run at once in one instance", run: func(s *subject) {
			s.handler, s.concurrency = "meet", 3
			// Each waits until three have come.
			for k, res := range s.together(3, number) {
				if res.ErrorType != "" || string(res.Body) != fmt.Sprint(k) {
					s.Errorf("%d: %s %.200q\n%s", k, res.ErrorType, res.Body, s.logs.all())
				}
			}
		}},
		{id: "concurrent-answers", text: "each gets its own answer", run: func(s *subject) {
			s.handler, s.concurrency = "echo", 20
			for round := range 5 {
				for k, res := range s.together(20, func(k int) string { return fmt.Sprint(round, k) }) {
					if res.ErrorType != "" || string(res.Body) != fmt.Sprint(round, k) {
						s.Errorf("%d: %s %.200q", k, res.ErrorType, res.Body)
					}
				}
			}
		}},
		{id: "concurrent-error", text: "the error of one is no other's", run: func(s *subject) {
			s.handler, s.concurrency = "fail_odd", 8
			for k, res := range s.together(8, number) {
				if (k%2 == 1) != (res.ErrorType != "") {
					s.Errorf("%d: %s %.200q", k, res.ErrorType, res.Body)
				}
			}
		}},
		{id: "concurrent-log", text: "the logger's lines name their own request", run: func(s *subject) {
			s.handler, s.concurrency = "meet", 3
			s.together(3, number)
			for k := range 3 {
				id := fmt.Sprintf("1-%08d-00000000-000000000000", k)
				want := fmt.Sprintf("met %d", k)
				all := strings.Split(s.logs.all(), "\n")
				if !slices.ContainsFunc(all, func(line string) bool { return strings.Contains(line, want) && strings.Contains(line, id) }) {
					s.Errorf("%q isn't with %s:\n%s", want, id, s.logs.all())
				}
			}
		}},
		{id: "concurrent-initializer", text: "the initializer runs once for all", run: func(s *subject) {
			s.handler, s.initializer, s.concurrency = "add_two", "add_one", 4
			var got []string
			for _, res := range s.together(4, number) {
				got = append(got, string(res.Body))
			}
			slices.Sort(got)
			if all := s.logs.all(); strings.Count(all, "initializing") != 1 {
				s.Errorf("%q\n%s", got, all)
			}
		}},
	}
}

// request sends an HTTP request to the function and gives its answer.
func (s *subject) request(method, url, body string, header http.Header) (*http.Response, string) {
	s.Helper()
	s.http = true
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	res := s.invoke(&instance.Invocation{R: r, W: w})
	if res.ErrorType != "" {
		return nil, res.ErrorType
	}
	answer := w.Result()
	defer answer.Body.Close()
	return answer, w.Body.String()
}

func httpFunctions() []clause {
	return []clause{
		{id: "http-request", text: "method, path, query, headers and body reach the function", run: func(s *subject) {
			s.handler = "http"
			answer, body := s.request("PUT", "/a%20b/c?x=1&y=a%26b", "the body", http.Header{"X-Mine": {"one", "two"}, "Content-Type": {"text/plain"}})
			if answer == nil {
				s.Fatalf("%s\n%s", body, s.logs.all())
			}
			want := "PUT|/a b/c|x=1&y=a%26b|one,two|text/plain|the body"
			if body != want {
				s.Errorf("%q, want %q", body, want)
			}
		}},
		{id: "http-answer", text: "status, headers and body go back", run: func(s *subject) {
			s.handler = "http"
			answer, body := s.request("GET", "/", "", nil)
			if answer == nil {
				s.Fatalf("%s\n%s", body, s.logs.all())
			}
			if answer.StatusCode != 201 || answer.Header.Get("X-Answer") != "yes" || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") {
				s.Errorf("%d %v", answer.StatusCode, answer.Header)
			}
		}},
		{id: "http-binary", text: "any byte may be in both bodies", run: func(s *subject) {
			s.handler = "http_echo"
			answer, body := s.request("POST", "/", "\x00\xff\r\n\x80", nil)
			if answer == nil || body != "\x00\xff\r\n\x80" {
				s.Errorf("%q\n%s", body, s.logs.all())
			}
		}},
		{id: "http-large", text: "5 MB in and out", run: func(s *subject) {
			s.handler = "http_echo"
			large := strings.Repeat("0123456789", 500_000)
			if _, body := s.request("POST", "/", large, nil); body != large {
				s.Errorf("%d bytes: %.100q\n%s", len(body), body, s.logs.all())
			}
		}},
		{id: "http-error", text: "an error is an error", run: func(s *subject) {
			s.handler = "http_fail"
			answer, kind := s.request("GET", "/", "", nil)
			if answer != nil || kind == "" {
				s.Errorf("%v %s", answer, kind)
			}
			if answer, kind := s.request("GET", "/", "", nil); answer != nil || kind == "" {
				s.Errorf("the second time: %v %s", answer, kind)
			}
		}},
	}
}
