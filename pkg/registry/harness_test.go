package registry

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"s/pkg/fc"
	"s/pkg/runtime/image/imagetest"
)

// world is a registry that lets one user in, and a Pusher beside it.
type world struct {
	t              *testing.T
	server         *httptest.Server
	user, password string

	mu   sync.Mutex
	sent []string // requests that write
}

func newWorld(t *testing.T) *world {
	t.Helper()
	// Nobody's own credentials.
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	t.Setenv("REGISTRY_AUTH_FILE", filepath.Join(t.TempDir(), "auth.json"))
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	w := &world{t: t, user: "me", password: "hush"}
	inner := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != w.user || password != w.password {
			rw.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(rw, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you?"}]}`, http.StatusUnauthorized)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.mu.Lock()
			w.sent = append(w.sent, r.Method+" "+r.URL.Path)
			w.mu.Unlock()
		}
		inner.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.server.Close)
	return w
}

// host is the registry's, as references have it.
func (w *world) host() string { return strings.TrimPrefix(w.server.URL, "http://") }

func (w *world) writes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.sent...)
}

// config is what s.yaml says of the registry.
func (w *world) config() *fc.RegistryConfig {
	return &fc.RegistryConfig{AuthConfig: &fc.RegistryAuthConfig{UserName: w.user, Password: w.password}}
}

// digest asks the registry, not the Pusher, what it has.
func (w *world) digest(repository string) string {
	w.t.Helper()
	ref, err := name.ParseReference(w.host() + "/" + repository)
	if err != nil {
		w.t.Fatal(err)
	}
	auth := remote.WithAuth(&basic{Username: w.user, Password: w.password})
	img, err := remote.Image(ref, auth)
	if err != nil {
		return ""
	}
	digest, err := img.Digest()
	if err != nil {
		w.t.Fatal(err)
	}
	return digest.String()
}

// image is one for the cloud, with a text in it.
func (w *world) image(text string) v1.Image {
	w.t.Helper()
	return imagetest.ImageFor(w.t, "amd64", v1.Config{Cmd: []string{"/app"}},
		imagetest.Compressed(w.t, imagetest.Tar(w.t, imagetest.Entry{Name: "text", Text: text})))
}

func digestOf(t *testing.T, img v1.Image) string {
	t.Helper()
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// pushed finds an image, pushes it and gives its digest.
func pushed(t *testing.T, p *Pusher, want Wanted) string {
	t.Helper()
	found := find(t, p, want)
	if found == nil || found.Pushed {
		t.Fatalf("there is nothing to push: %+v", found)
	}
	digest, err := p.Push(t.Context(), found)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func find(t *testing.T, p *Pusher, want Wanted) *Image {
	t.Helper()
	found, err := p.Find(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// rewrite sends requests for hosts of the internet to servers of the test.
type rewrite map[string]string

func (m rewrite) RoundTrip(r *http.Request) (*http.Response, error) {
	to, ok := m[r.URL.Host]
	if !ok {
		return nil, &url.Error{Op: r.Method, URL: r.URL.String(), Err: io.ErrUnexpectedEOF}
	}
	there := r.Clone(r.Context())
	there.Host = r.URL.Host // what was signed
	there.URL.Scheme, there.URL.Host = "http", to
	answer, err := http.DefaultTransport.RoundTrip(there)
	if err == nil {
		answer.Request = r // what relative addresses count from
	}
	return answer, err
}
