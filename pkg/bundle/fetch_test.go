package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// shop serves an archive in many ways, and counts what was asked for.
type shop struct {
	*httptest.Server
	zip   []byte
	asked atomic.Int32
	sent  atomic.Int32 // whole archives
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{zip: read(t, packed(t, plant(t, map[string]string{"index.py": "x", "large": noise(50_000)}), Options{}).Path)}
	mux := http.NewServeMux()
	serve := func(pattern string, h http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.asked.Add(1)
			h(w, r)
		})
	}
	whole := func(w http.ResponseWriter, r *http.Request) {
		s.sent.Add(1)
		_, _ = w.Write(s.zip) // the client may be gone
	}
	serve("/code.zip", whole)
	serve("/app.jar", whole)
	serve("/tagged", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		whole(w, r)
	})
	serve("/hop/{n}", func(w http.ResponseWriter, r *http.Request) {
		n := 0
		_, _ = fmt.Sscan(r.PathValue("n"), &n) // 0 else
		if n == 0 {
			whole(w, r)
			return
		}
		http.Redirect(w, r, fmt.Sprint("/hop/", n-1), http.StatusFound)
	})
	serve("/short", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(s.zip)))
		_, _ = w.Write(s.zip[:len(s.zip)/2]) // then the server hangs up
	})
	serve("/stream", func(w http.ResponseWriter, r *http.Request) { // says no length
		w.(http.Flusher).Flush()
		whole(w, r)
	})
	serve("/stall", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(s.zip[:10])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	serve("/page", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>log in first</html>") })
	serve("/down", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/code.zip", http.StatusFound)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func fetchTo(t *testing.T) FetchOptions {
	t.Helper()
	return FetchOptions{Dir: t.TempDir(), Name: "hello", Limit: 1 << 20}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	sum := sha256.Sum256(s.zip)
	good := hex.EncodeToString(sum[:])
	for path, name := range map[string]string{
		"/code.zip": "hello.download.zip", "/app.jar?x=1": "hello.download.jar", "/hop/5": "hello.download.zip", "/stream": "hello.download.zip",
		"/code.zip#sha256=" + good: "hello.download.zip", "/code.zip#sha256=" + strings.ToUpper(good): "hello.download.zip", "/code.zip#part": "hello.download.zip",
	} {
		got, err := Fetch(context.Background(), s.URL+path, fetchTo(t))
		if err != nil || filepath.Base(got) != name || !bytes.Equal(read(t, got), s.zip) {
			t.Errorf("%s: %s, %v", path, got, err)
		}
	}
}

func TestFetchErrors(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for path, want := range map[string]string{
		"/missing":            "the server answered 404",
		"/hop/6":              "more than 5 redirects",
		"/short":              "the download broke off",
		"/stall":              "nothing came for",
		"/page":               "is not a zip archive",
		"/code.zip#sha256=12": "not a SHA-256",
		"/code.zip#sha256=" + strings.Repeat("0", 64): "has the SHA-256",
	} {
		opts := fetchTo(t)
		opts.Stall = 200 * time.Millisecond
		_, err := Fetch(context.Background(), s.URL+path, opts)
		var fe *FetchError
		if !errors.As(err, &fe) || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), s.URL) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if left, err := os.ReadDir(opts.Dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind %v, %v", path, left, err)
		}
	}
	for _, address := range []string{"ftp://x/y.zip", "https:///y.zip", "code.zip", "http://[::1", "http://127.0.0.1:1/code.zip"} {
		if _, err := Fetch(context.Background(), address, fetchTo(t)); !errors.As(err, new(*FetchError)) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestFetchLimit(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, path := range []string{"/code.zip", "/stream"} {
		opts := fetchTo(t)
		opts.Limit = int64(len(s.zip)) - 1
		if _, err := Fetch(context.Background(), s.URL+path, opts); err == nil || !strings.Contains(err.Error(), "is larger than") {
			t.Errorf("%s: %v", path, err)
		}
		opts.Limit++
		if _, err := Fetch(context.Background(), s.URL+path, opts); err != nil {
			t.Errorf("%s, at the limit: %v", path, err)
		}
	}
}

// TestSecretsOfURLsAreNotTold looks for the password and the token of a URL in
// errors and in what is kept on disk.
func TestSecretsOfURLsAreNotTold(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	host := strings.TrimPrefix(s.URL, "http://")
	for _, path := range []string{"/missing", "/hop/9", "/short", "/page", "/code.zip"} {
		opts := fetchTo(t)
		_, err := Fetch(context.Background(), "http://user:hunter2@"+host+path+"?token=hunter2", opts)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", path, err)
		}
		if note, err := os.ReadFile(filepath.Join(opts.Dir, "hello.download.zip.json")); err == nil && bytes.Contains(note, []byte("hunter2")) {
			t.Errorf("%s: kept %s", path, note)
		}
	}
	if got := ShowURL("https://user:hunter2@example.com/a.zip?token=x#sha256=y"); got != "https://example.com/a.zip" {
		t.Errorf("shown as %s", got)
	}
	if got := ShowURL(":hunter2"); got != "the URL" {
		t.Errorf("shown as %s", got)
	}
}

func TestFetchedOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	sum := sha256.Sum256(s.zip)
	for _, tc := range []struct {
		path        string
		asked, sent int32
	}{
		{"/code.zip", 3, 3},
		{"/tagged", 3, 1},
		{"/code.zip#sha256=" + hex.EncodeToString(sum[:]), 1, 1},
	} {
		opts := fetchTo(t)
		asked, sent := s.asked.Load(), s.sent.Load()
		for range 3 {
			if got, err := Fetch(context.Background(), s.URL+tc.path, opts); err != nil || !bytes.Equal(read(t, got), s.zip) {
				t.Errorf("%s: %s, %v", tc.path, got, err)
			}
		}
		if a, b := s.asked.Load()-asked, s.sent.Load()-sent; a != tc.asked || b != tc.sent {
			t.Errorf("%s: asked %d times, sent %d", tc.path, a, b)
		}
	}
	// What isn't as it was is fetched anew.
	opts := fetchTo(t)
	for range 2 {
		got, err := Fetch(context.Background(), s.URL+"/tagged", opts)
		if err != nil || !bytes.Equal(read(t, got), s.zip) {
			t.Fatal(err)
		}
		if err := os.WriteFile(got, []byte("other"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFetchIsCancelled(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	opts := fetchTo(t)
	go func() {
		_, err := Fetch(ctx, s.URL+"/stall", opts)
		done <- err
	}()
	for s.asked.Load() == 0 {
		select {
		case err := <-done:
			t.Fatal(err)
		default:
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestNoWayDown refuses to leave https for http.
func TestNoWayDown(t *testing.T) {
	t.Parallel()
	check := (&fetch{}).client().CheckRedirect
	request := func(address string) *http.Request {
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, tc := range []struct {
		from, to string
		ok       bool
	}{{"https://a/", "https://b/", true}, {"http://a/", "https://b/", true}, {"http://a/", "http://b/", true}, {"https://a/", "http://a/", false}} {
		if err := check(request(tc.to), []*http.Request{request(tc.from)}); (err == nil) != tc.ok {
			t.Errorf("%s to %s: %v", tc.from, tc.to, err)
		}
	}
}
