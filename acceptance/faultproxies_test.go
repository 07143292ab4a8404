package acceptance

import (
	"maps"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"s/pkg/fcclient/faultproxy"
)

// proxied is a project that reaches Function Compute's own hosts by way of a proxy as
// companies have, behind which the local cloud is.
func proxied(t *testing.T, w *world, name string) *faulty {
	t.Helper()
	f := newFaulty(t, w, w.localEnv(), name)
	f.write(map[string]string{"s.yaml": strings.ReplaceAll(reportProject, "NAME", name)})
	delete(f.vars, "FC_CLIENT_CUSTOM_ENDPOINT")
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"} {
		delete(f.vars, name)
		delete(f.vars, strings.ToLower(name))
	}
	maps.Copy(f.vars, f.proxy.Intercept(t))
	return f
}

// hosts are those that the proxy was asked for.
func (f *faulty) hosts() map[string]bool {
	hosts := map[string]bool{}
	for _, c := range f.proxy.Calls() {
		if c.Method != http.MethodConnect {
			hosts[c.Host] = true
		}
	}
	return hosts
}

// TestCompanyProxy: HTTPS_PROXY and HTTP_PROXY are honoured for hosts of the service,
// encrypted or not, and what goes wrong there is told with the proxy's address, not
// with its password. The local cloud is never reached by way of it.
func TestCompanyProxy(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("SSL_CERT_FILE is Linux's")
	}
	w := newWorld(t, nil)
	w.s("local", "up")
	f := proxied(t, w, "behind")
	f.must("deploy", "-y")
	if got := f.hosts(); len(got) != 1 || !got["fcv3.cn-hangzhou.aliyuncs.com"] {
		t.Errorf("deploy reached %v", got)
	}
	if out := f.must("invoke", "-e", "x"); strings.TrimSpace(out) != "1" {
		t.Errorf("the function says %q", out)
	}
	if got := f.hosts(); len(got) != 1 || !got[f.vars["ALIBABA_CLOUD_ACCOUNT_ID"]+".cn-hangzhou.fc.aliyuncs.com"] {
		t.Errorf("invoke reached %v", got)
	}
	f.vars["FC_CLIENT_CUSTOM_ENDPOINT"] = "http://fcv3.cn-hangzhou.aliyuncs.com"
	f.must("plan")
	if got := f.hosts(); len(got) != 1 {
		t.Errorf("without encryption: %v", got)
	}
	delete(f.vars, "FC_CLIENT_CUSTOM_ENDPOINT")
	f.proxyFails()
	f.pastTheProxy(w)
}

// proxyFails looks at what is said of a proxy that is in the way.
func (f *faulty) proxyFails() {
	address := strings.TrimPrefix(f.proxy.URL, "http://")
	trusted, way := f.vars["SSL_CERT_FILE"], f.vars["HTTPS_PROXY"]
	nowhere := strings.ReplaceAll(reportProject, "cn-hangzhou", "cn-nowhere-9")
	f.write(map[string]string{"nowhere.yaml": strings.ReplaceAll(nowhere, "NAME", f.name)})
	for name, tt := range map[string]struct {
		rule  faultproxy.Rule
		vars  map[string]string
		args  []string
		wants []string
	}{
		"a password is missing": {
			always("CONNECT", "", faultproxy.Page(http.StatusProxyAuthRequired, "x")), nil, nil,
			[]string{"by way of the proxy " + address + ": it doesn't connect: 407 Proxy Authentication Required", "hint: check HTTPS_PROXY"},
		},
		"a region that there isn't": {
			always("CONNECT", "", faultproxy.Page(http.StatusServiceUnavailable, "x")), nil,
			[]string{"-t", "nowhere.yaml"},
			[]string{"no answer from fcv3.cn-nowhere-9.aliyuncs.com by way of the proxy " + address + ": it doesn't connect: 503", "hint: check HTTPS_PROXY"},
		},
		"a page of it": {
			always("GET", "", faultproxy.Page(http.StatusForbidden, "Blocked by Example Ltd.")), nil, nil,
			[]string{"by way of the proxy " + address + ` isn't Function Compute's: 403 Forbidden, "Blocked by Example Ltd."`, "hint: the proxy, or something behind it, answers"},
		},
		"it isn't trusted": {
			faultproxy.Rule{}, map[string]string{"SSL_CERT_FILE": "/dev/null"}, nil, []string{"certificate signed by unknown authority", "set SSL_CERT_FILE"},
		},
		"it isn't there": {
			faultproxy.Rule{}, map[string]string{"HTTPS_PROXY": "http://me:hush-word@" + closedPort(f.t)}, nil, []string{"by way of the proxy 127.0.0.1:", "connection refused", "hint: check HTTPS_PROXY"},
		},
	} {
		f.vars["SSL_CERT_FILE"], f.vars["HTTPS_PROXY"] = trusted, way
		maps.Copy(f.vars, tt.vars)
		f.proxy.Set()
		if tt.rule.Kind != "" {
			f.proxy.Set(tt.rule)
		}
		got := f.run(append([]string{"plan"}, tt.args...)...)
		for _, want := range tt.wants {
			if !strings.Contains(got.stderr, want) {
				f.t.Errorf("%s: it doesn't say %q:\n%s", name, want, got.stderr)
			}
		}
		if got.code != 1 || strings.Contains(got.stderr, "hush") {
			f.t.Errorf("%s: exit code %d\n%s", name, got.code, got.stderr)
		}
	}
	f.vars["SSL_CERT_FILE"], f.vars["HTTPS_PROXY"] = trusted, way
}

// pastTheProxy looks at hosts that aren't reached by way of it: those of NO_PROXY, and
// loopback always.
func (f *faulty) pastTheProxy(w *world) {
	f.vars["NO_PROXY"], f.vars["FC_CLIENT_CUSTOM_ENDPOINT"] = ".invalid", "https://fc.invalid"
	f.proxy.Set()
	if got := f.run("plan"); got.code != 1 || !strings.Contains(got.stderr, "no answer from fc.invalid: ") || len(f.proxy.Calls()) > 0 {
		f.t.Errorf("NO_PROXY: exit code %d, %d calls\n%s", got.code, len(f.proxy.Calls()), got.stderr)
	}
	delete(f.vars, "NO_PROXY")
	f.vars["FC_CLIENT_CUSTOM_ENDPOINT"] = w.localEnv()["FC_ENDPOINT"]
	f.must("plan")
	delete(f.vars, "FC_CLIENT_CUSTOM_ENDPOINT")
	direct := len(f.proxy.Calls())
	f.must("deploy", "-a", "local", "-y")
	f.must("invoke", "-a", "local", "-e", "x")
	f.must("remove", "-a", "local", "-y")
	if direct += len(f.proxy.Calls()); direct > 0 {
		f.t.Errorf("the local cloud was reached by way of the proxy: %+v", f.proxy.Calls())
	}
}

// drainProject keeps an instance ready, and ends it before another number is wanted.
const drainProject = reportProject + `      provisionConfig: {defaultTarget: 1, mode: drain, alwaysAllocateCPU: false, alwaysAllocateGPU: false, scheduledActions: [], targetTrackingPolicies: []}
`

// TestDrain: mode drain with the real program and the local cloud: what is ready ends
// before more is made ready, invocations are possible afterwards, and if they couldn't
// be enabled again, s says so, and the next deployment does it all.
func TestDrain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.s("local", "up")
	f := newFaulty(t, w, w.localEnv(), "drained")
	targets := func(n string) {
		project := strings.ReplaceAll(drainProject, "NAME", f.name)
		f.write(map[string]string{"s.yaml": strings.Replace(project, "defaultTarget: 1", "defaultTarget: "+n, 1)})
	}
	targets("1")
	f.must("deploy", "-y")
	if out := f.must("invoke", "-e", "x"); strings.TrimSpace(out) != "1" {
		t.Fatalf("first: %s", out)
	}
	targets("2")
	f.must("deploy", "-y")
	var writes []string
	for _, c := range f.proxy.Calls() {
		if c.Method != http.MethodGet {
			writes = append(writes, c.Method+" "+c.Path[strings.LastIndexByte(c.Path, '/')+1:])
		}
	}
	if got := strings.Join(writes, ", "); got != "POST disable, POST enable, PUT provision-config" {
		t.Errorf("it asked for %s", got)
	}
	if out := f.must("invoke", "-e", "x"); strings.TrimSpace(out) != "1" {
		t.Errorf("the instance that was there is there still: %s", out)
	}
	targets("1")
	f.proxy.Set(always("", "enable", faultproxy.Refused(http.StatusForbidden, "AccessDenied")))
	got := f.run("deploy", "-y")
	if got.code != 5 || !strings.Contains(got.stderr, "invocations of drained are still disabled") || !strings.Contains(got.stderr, "run `s deploy` again") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	f.proxy.Set()
	if got := f.run("invoke", "-e", "x"); got.code == 0 {
		t.Errorf("it isn't disabled: %+v", got)
	}
	f.must("deploy", "-y")
	f.must("invoke", "-e", "x")
	f.must("remove", "-y")
}
