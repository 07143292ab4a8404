package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const victim = `edition: 3.0.0
name: victim
access: local
resources:
  victim:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: victim
      runtime: python3.10
      handler: index.handler
      code: ./code
      triggers:
        - triggerName: open
          triggerType: http
          triggerConfig: {authType: anonymous, methods: [GET, POST]}
        - triggerName: signed
          triggerType: timer
          triggerConfig: {cronExpression: "@every 1000m", enable: false, payload: ""}
`

// browser runs pages in a real Chromium.
type browser struct {
	t    *testing.T
	path string
	home string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return &browser{t, path, t.TempDir()}
		}
	}
	t.Skip("no Chromium")
	return nil
}

// attack opens the page of somebody else under a host name, and gives what it could do
// to a cloud.
func (b *browser) attack(host, target string, flags ...string) map[string]string {
	b.t.Helper()
	reports := make(chan map[string]string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			http.ServeFile(w, r, "testdata/attack.html")
			return
		}
		report := map[string]string{}
		if err := json.NewDecoder(r.Body).Decode(&report); err == nil {
			reports <- report
		}
	}))
	defer server.Close()
	ctx, stop := context.WithTimeout(b.t.Context(), 2*time.Minute)
	defer stop()
	args := append([]string{
		"--headless=new", "--disable-gpu", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
		"--disable-background-networking", "--user-data-dir=" + filepath.Join(b.home, "profile"), "--remote-debugging-port=0",
	}, flags...)
	page := strings.Replace(server.URL, "127.0.0.1", host, 1)
	cmd := exec.CommandContext(ctx, b.path, append(args, page+"#"+url.PathEscape(target))...)
	// It is killed, and leaves temporary files.
	cmd.Env = append(os.Environ(), "HOME="+b.home, "TMPDIR="+b.t.TempDir())
	cmd.WaitDelay = 10 * time.Second // for those of its processes that have its stderr
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	select {
	case report := <-reports:
		stop()
		_ = cmd.Wait() // it was killed
		return report
	case <-ctx.Done():
		_ = cmd.Wait()
		b.t.Fatalf("the page reported nothing: %s", &said)
	}
	return nil
}

// TestPagesOfOthers: what runs in a browser on this machine, on a page of somebody
// else, can't read or change anything, run anything but what its author opened to
// all, nor open a shell; neither with a name that was made to lead here after the
// page was loaded.
func TestPagesOfOthers(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	w := newWorld(t, map[string]string{
		"s.yaml": victim, "code/index.py": "events = []\ndef handler(event, context):\n    events.append(event.decode())\n    return ' '.join(events)\n",
	})
	w.s("deploy", "-y")
	endpoint := w.localEnv()["FC_ENDPOINT"]
	trigger := regexp.MustCompile(`http://[^\s"]+\.fcapp\.localhost:\d+`).FindString(w.s("info", "-o", "raw"))

	// One page by an address, which the browser allows to reach this machine, one by
	// a name that leads here for the page and for the cloud: DNS rebinding.
	_, port, _ := strings.Cut(strings.TrimPrefix(endpoint, "http://"), ":")
	rebound := "http://rebound.example:" + port
	for _, tt := range []struct {
		name, host, target string
		flags              []string
	}{
		{"another origin", "127.0.0.1", endpoint + " " + trigger, nil},
		{"another site", "evil.example", endpoint + " " + trigger, []string{
			"--host-resolver-rules=MAP evil.example 127.0.0.1", "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
		}},
		{"a name that leads here", "rebound.example", rebound + " ", []string{
			"--host-resolver-rules=MAP rebound.example 127.0.0.1", "--disable-web-security", "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
		}},
	} {
		got := b.attack(tt.host, tt.target, tt.flags...)
		t.Log(tt.name, got)
		for what, outcome := range got {
			switch {
			case what == "trigger", outcome == "refused", outcome == "sent":
			case strings.HasPrefix(outcome, "403 "), strings.HasPrefix(outcome, "404 "), strings.HasPrefix(outcome, "400 "), strings.HasPrefix(outcome, "401 "):
				if strings.Contains(outcome, "victim") {
					t.Errorf("%s: %s tells of functions: %s", tt.name, what, outcome)
				}
			default:
				t.Errorf("%s: %s: %s", tt.name, what, outcome)
			}
		}
		if len(got) < 10 {
			t.Errorf("%s tried only %v", tt.name, got)
		}
	}

	// Nothing has happened: what was sent blind was refused.
	if list := w.s("list", "--region", "cn-hangzhou", "-a", "local", "-o", "raw"); strings.Contains(list, "evil") || !strings.Contains(list, "victim") {
		t.Errorf("functions: %s", list)
	}
	if status := w.s("local", "status"); !strings.Contains(status, "running") {
		t.Errorf("the cloud: %s", status)
	}
	if events := w.s("invoke", "-e", "last", "--silent"); strings.Contains(events, "marked") || !strings.Contains(events, "last") {
		t.Errorf("the function was called with %s", events)
	}
}
