package acceptance

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
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

var resultText = regexp.MustCompile(`(?s)<pre id="result">(\{.*?\})</pre>`)

// attack opens the page at an address, and gives what it could do to a cloud.
func (b *browser) attack(page, target string, flags ...string) map[string]string {
	b.t.Helper()
	args := append([]string{
		"--headless=new", "--disable-gpu", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
		"--disable-background-networking", "--user-data-dir=" + filepath.Join(b.home, "profile"), "--virtual-time-budget=60000", "--dump-dom",
	}, flags...)
	cmd := exec.Command(b.path, append(args, page+"#"+url.PathEscape(target))...)
	cmd.Env = append(os.Environ(), "HOME="+b.home)
	out, err := cmd.Output()
	found := resultText.FindSubmatch(out)
	if err != nil || found == nil {
		b.t.Fatalf("%v: the page didn't end: %s", err, out)
	}
	result := map[string]string{}
	if err := json.Unmarshal([]byte(html.UnescapeString(string(found[1]))), &result); err != nil {
		b.t.Fatalf("%v: %s", err, found[1])
	}
	return result
}

// attackPage serves the page of somebody else.
func attackPage(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, "testdata/attack.html")
	}))
	t.Cleanup(server.Close)
	return server
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

	foreign := attackPage(t)
	// One page by an address, which the browser allows to reach this machine, one by
	// a name that leads here for the page and for the cloud: DNS rebinding.
	_, port, _ := strings.Cut(strings.TrimPrefix(endpoint, "http://"), ":")
	rebound := "http://rebound.example:" + port
	for _, tt := range []struct {
		name, page, target string
		flags              []string
	}{
		{"another origin", foreign.URL, endpoint + " " + trigger, nil},
		{"another site", strings.Replace(foreign.URL, "127.0.0.1", "evil.example", 1), endpoint + " " + trigger, []string{
			"--host-resolver-rules=MAP evil.example 127.0.0.1", "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
		}},
		{"a name that leads here", strings.Replace(foreign.URL, "127.0.0.1", "rebound.example", 1), rebound + " ", []string{
			"--host-resolver-rules=MAP rebound.example 127.0.0.1", "--disable-web-security", "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
		}},
	} {
		got := b.attack(tt.page, tt.target, tt.flags...)
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
