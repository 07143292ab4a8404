package registry

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s/pkg/fc/fcsign"
	"s/pkg/runtime/image/imagetest"
)

func TestParseHost(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]host{
		"registry.cn-hangzhou.aliyuncs.com":              {"registry.cn-hangzhou.aliyuncs.com", "cn-hangzhou", false},
		"registry-vpc.cn-hangzhou.aliyuncs.com":          {"registry.cn-hangzhou.aliyuncs.com", "cn-hangzhou", false},
		"registry-internal.cn-shanghai.aliyuncs.com":     {"registry.cn-shanghai.aliyuncs.com", "cn-shanghai", false},
		"registry-intl.ap-southeast-1.aliyuncs.com":      {"registry-intl.ap-southeast-1.aliyuncs.com", "ap-southeast-1", false},
		"registry-intl-vpc.ap-southeast-1.aliyuncs.com":  {"registry-intl.ap-southeast-1.aliyuncs.com", "ap-southeast-1", false},
		"my-registry.cn-hangzhou.cr.aliyuncs.com":        {"my-registry.cn-hangzhou.cr.aliyuncs.com", "cn-hangzhou", true},
		"my-own-registry-vpc.cn-beijing.cr.aliyuncs.com": {"my-own-registry.cn-beijing.cr.aliyuncs.com", "cn-beijing", true},
		"crpi-1.cn-hangzhou.personal.cr.aliyuncs.com":    {},
		"index.docker.io": {},
		"registry.cn-hangzhou.aliyuncs.com.evil.test":     {},
		"evil.test/registry.cn-hangzhou.aliyuncs.com":     {},
		"oss-cn-hangzhou.aliyuncs.com":                    {},
		"registry-vpc.registry.cn-hangzhou.aliyuncs.com.": {},
	} {
		if got, ok := parseHost(text); got != want || ok != (want != host{}) {
			t.Errorf("%s: %+v, %v", text, got, ok)
		}
	}
}

// acr answers for cr.<region>: a temporary password for who signs rightly.
func acr(t *testing.T, keys fcsign.Keys, answer func(r *http.Request) string) *httptest.Server {
	t.Helper()
	verifier := fcsign.NewVerifier(func(id string) (fcsign.Keys, bool) { return keys, id == keys.AccessKeyID }, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := verifier.Verify(r); err != nil {
			http.Error(w, `{"Code":"SignatureDoesNotMatch","Message":"no"}`, http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(answer(r)))
	}))
	t.Cleanup(server.Close)
	return server
}

func fixedPassword(*http.Request) string {
	return `{"data":{"tempUserName":"me","authorizationToken":"hush","expireDate":1}}`
}

func TestContainerRegistry(t *testing.T) {
	keys := fcsign.Keys{AccessKeyID: "id", AccessKeySecret: "secret"}
	const personal, enterprise = "registry.cn-hangzhou.aliyuncs.com", "my-registry.cn-hangzhou.cr.aliyuncs.com"
	for name, tt := range map[string]struct {
		reference, instance, public string
		version, query              string
		answer                      string
	}{
		"personal": {
			"registry-vpc.cn-hangzhou.aliyuncs.com/me/app:1", "", personal, "2016-06-07", "/tokens",
			`{"data":{"tempUserName":"me","authorizationToken":"hush","expireDate":1}}`,
		},
		"enterprise": {
			"my-registry-vpc.cn-hangzhou.cr.aliyuncs.com/me/app:1", "cri-1", enterprise, "2018-12-01", "/?InstanceId=cri-1",
			`{"IsSuccess":true,"Code":"success","TempUsername":"me","AuthorizationToken":"hush"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var asked []string
			api := acr(t, keys, func(r *http.Request) string {
				asked = append(asked, strings.Join([]string{r.Method, r.URL.RequestURI(), r.Header.Get("X-Acs-Version"), r.Header.Get("X-Acs-Action")}, " "))
				return tt.answer
			})
			p := &Pusher{
				Dir: t.TempDir(), Keys: keys, Now: time.Now,
				Transport: rewrite{"cr.cn-hangzhou.aliyuncs.com": strings.TrimPrefix(api.URL, "http://"), tt.public: w.host()},
			}
			want := Wanted{Reference: tt.reference, Instance: tt.instance, Files: imagetest.Layout(t, filepath.Join(t.TempDir(), "img"), "", w.image("x"))}
			if digest := pushed(t, p, want); digest != w.digest("me/app:1") {
				t.Errorf("pushed %s", digest)
			}
			if got := "GET " + tt.query + " " + tt.version + " GetAuthorizationToken"; len(asked) != 1 || asked[0] != got {
				t.Errorf("asked %q, want %q", asked, got)
			}
			if got := find(t, p, want); !got.Pushed || got.Reference != tt.reference {
				t.Errorf("again: %+v", got)
			}
		})
	}
}

func TestNoTemporaryPassword(t *testing.T) {
	w := newWorld(t)
	keys := fcsign.Keys{AccessKeyID: "id", AccessKeySecret: "secret"}
	answer := `{}`
	api := acr(t, keys, func(*http.Request) string { return answer })
	files := imagetest.Layout(t, filepath.Join(t.TempDir(), "img"), "", w.image("x"))
	for name, tt := range map[string]struct {
		keys      fcsign.Keys
		reference string
		err       string
	}{
		"no key":         {fcsign.Keys{}, "registry.cn-hangzhou.aliyuncs.com/me/app:1", "there is no access key"},
		"a wrong key":    {fcsign.Keys{AccessKeyID: "id", AccessKeySecret: "other"}, "registry.cn-hangzhou.aliyuncs.com/me/app:1", "no (SignatureDoesNotMatch, HTTP 403)"},
		"no password":    {keys, "registry.cn-hangzhou.aliyuncs.com/me/app:1", "the answer has none"},
		"no instance":    {keys, "my-registry.cn-hangzhou.cr.aliyuncs.com/me/app:1", "set customContainerConfig.acrInstanceId"},
		"no such region": {keys, "registry.cn-none.aliyuncs.com/me/app:1", "ask for a temporary password"},
	} {
		p := &Pusher{Dir: t.TempDir(), Keys: tt.keys, Transport: rewrite{"cr.cn-hangzhou.aliyuncs.com": strings.TrimPrefix(api.URL, "http://")}}
		_, err := p.Push(t.Context(), find(t, p, Wanted{Reference: tt.reference, Files: files}))
		if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
