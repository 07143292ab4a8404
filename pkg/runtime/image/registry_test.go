package image

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"s/pkg/fc"
	"s/pkg/runtime/image/imagetest"
)

// closed lets one user into a registry.
func closed(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	if user, password, _ := r.BasicAuth(); user != "me" || password != "hush" {
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	inner.ServeHTTP(w, r)
}

// A registry with a certificate and a password: what registryConfig says lets one
// in, and nothing else does.
func TestRegistryConfig(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir()) // nobody's own credentials
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	inner := newRegistry()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { closed(w, r, inner) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are refused
	server.StartTLS()
	t.Cleanup(server.Close)
	reference := strings.TrimPrefix(server.URL, "https://") + "/me/app:1"
	ref, err := name.ParseReference(reference)
	if err == nil {
		err = remote.Write(ref, plain(t, imagetest.Entry{Name: "f", Text: "1"}), remote.WithContext(t.Context()),
			remote.WithTransport(server.Client().Transport), remote.WithAuth(&authn.Basic{Username: "me", Password: "hush"}))
	}
	if err != nil {
		t.Fatal(err)
	}
	root := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	me := &fc.RegistryAuthConfig{UserName: "me", Password: "hush"}
	for label, tt := range map[string]struct {
		config *fc.RegistryConfig
		err    string
	}{
		"nothing":           {nil, "no image"},
		"no certificate":    {&fc.RegistryConfig{AuthConfig: me}, "no image"},
		"root":              {&fc.RegistryConfig{AuthConfig: me, CertConfig: &fc.RegistryCertConfig{RootCACertBase64: root}}, ""},
		"insecure":          {&fc.RegistryConfig{AuthConfig: me, CertConfig: &fc.RegistryCertConfig{Insecure: true}}, ""},
		"nobody":            {&fc.RegistryConfig{CertConfig: &fc.RegistryCertConfig{Insecure: true}}, "access denied"},
		"a wrong password":  {&fc.RegistryConfig{AuthConfig: &fc.RegistryAuthConfig{UserName: "me", Password: "x"}, CertConfig: &fc.RegistryCertConfig{Insecure: true}}, "access denied"},
		"no certificate it": {&fc.RegistryConfig{AuthConfig: me, CertConfig: &fc.RegistryCertConfig{RootCACertBase64: "eA=="}}, "rootCaCertBase64 is no certificate"},
		"a network":         {&fc.RegistryConfig{AuthConfig: me, CertConfig: &fc.RegistryCertConfig{Insecure: true}, NetworkConfig: &fc.RegistryNetworkConfig{VPCID: "v"}}, ""},
	} {
		s, _ := newStore(t, filepath.Join(t.TempDir(), "store"))
		img, release, err := s.Image(t.Context(), reference, tt.config)
		if err == nil {
			if got := merged(t, img); len(got) != 1 || got[0] != "f = 1" {
				t.Errorf("%s: %q", label, got)
			}
			release()
		}
		if (err == nil) != (tt.err == "") || err != nil && (!strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%s: %v", label, err)
		}
	}
	other := http.RoundTripper(noTransport{})
	if _, err := Transport(&fc.RegistryConfig{CertConfig: &fc.RegistryCertConfig{Insecure: true}}, other); err == nil {
		t.Error("another transport was changed")
	}
	if got, err := Transport(&fc.RegistryConfig{CertConfig: &fc.RegistryCertConfig{}}, other); err != nil || got != other {
		t.Errorf("nothing to change: %v, %v", got, err)
	}
}

type noTransport struct{}

func (noTransport) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("none") }
