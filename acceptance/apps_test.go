package acceptance

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// appsDir has the programs written by others' frameworks, installedApps what
// hack/apps installed for them.
const (
	appsDir       = "testdata/apps"
	installedApps = "../.tools/apps"
)

// app is a deployed program and where it is reached.
type app struct {
	*world
	name   string
	url    string
	client *http.Client
}

// deployApp deploys a program of appsDir with what it runs with, from the file
// of the name (s.yaml).
func deployApp(t *testing.T, name, file, tool string) *app {
	t.Helper()
	if testing.Short() {
		t.Skip("runs with what package registries have")
	}
	if _, err := exec.LookPath(tool); err != nil || tool == "python3" && systemPython() == "" {
		t.Skip("no " + tool)
	}
	t.Parallel()
	w := newWorld(t, nil)
	source, code := filepath.Join(appsDir, name), filepath.Join(w.work, "code")
	copyTree(t, source, w.work, isList)
	switch {
	case tool == "go":
		build := exec.Command("go", "build", "-o", filepath.Join(code, "server"), "main.go")
		build.Dir, build.Env = filepath.Join(source, "code"), append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
	default:
		installed := filepath.Join(installedApps, name)
		if _, err := os.Stat(installed); err != nil {
			t.Fatalf("%v: make setup installs it", err)
		}
		if _, err := os.Stat(filepath.Join(installed, "server.js")); err == nil {
			if err := os.RemoveAll(code); err != nil { // what was built is all
				t.Fatal(err)
			}
		}
		copyTree(t, installed, code, isList)
	}
	w.s("deploy", "-y", "-t", file)
	address := regexp.MustCompile(`http://[^\s"]+\.fcapp\.localhost:\d+`).FindString(w.s("info", "-o", "raw", "-t", file))
	if address == "" {
		t.Fatal("s info shows no url")
	}
	client := loopbackClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Transport.(*http.Transport).DisableCompression = true
	return &app{world: w, name: name, url: address, client: client}
}

// systemPython is the Python that the programs' s.yaml ask for by their PATH, and
// that hack/apps installs for; empty if there is none.
func systemPython() string {
	for _, dir := range []string{"/usr/local/bin", "/usr/bin", "/bin"} {
		path := filepath.Join(dir, "python3")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// isList tells what deploying would build from: it is installed already.
func isList(rel string) bool {
	switch filepath.Base(rel) {
	case "requirements.txt", "main.go":
		return true
	case "package.json", "package-lock.json":
		return !strings.Contains(rel, "node_modules")
	}
	return false
}

// copyTree copies the files below a folder, less those to leave out.
func copyTree(t *testing.T, from, to string, leaveOut func(rel string) bool) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case leaveOut(rel):
			return nil
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o755)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fetch asks for a path of the program and gives the answer and its body.
func (a *app) fetch(method, path, body string, header ...string) (*http.Response, string) {
	a.t.Helper()
	r, err := http.NewRequest(method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	response, err := a.client.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Errorf("%s %s: %v", method, path, err)
	}
	return response, string(text)
}

// webPaths says where a program has what all web applications here have; empty
// is where most have it, "-" that it doesn't.
type webPaths struct{ echo, cookie, static, fail, stream string }

// TestWebApps: the frameworks' programs do through an HTTP trigger what they do
// elsewhere.
func TestWebApps(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, tool string
		paths            webPaths
	}{
		{"flask", "s.yaml", "python3", webPaths{}},
		{"flask", "managed.yaml", "python3", webPaths{stream: "-"}}, // FC 2.0 sends an answer when it is whole
		{"django", "s.yaml", "python3", webPaths{}},
		{"django", "managed.yaml", "python3", webPaths{stream: "-"}},
		{"fastapi", "s.yaml", "python3", webPaths{}},
		{"express", "s.yaml", "node", webPaths{}},
		{"koa", "s.yaml", "node", webPaths{}},
		{"next", "s.yaml", "node", webPaths{
			echo: "/api/echo", cookie: "/api/cookie", static: "/app.css", fail: "/api/fail", stream: "/api/stream",
		}},
	} {
		t.Run(tt.name+"/"+strings.TrimSuffix(tt.file, ".yaml"), func(t *testing.T) {
			a := deployApp(t, tt.name, tt.file, tt.tool)
			a.pages(tt.paths)
			if tt.paths.stream != "-" {
				a.streams(orElse(tt.paths.stream, "/stream"))
			}
			if tt.name == "fastapi" {
				a.says(a.dial("/ws"), "hello", "heard hello")
			}
		})
	}
}

func orElse(path, otherwise string) string {
	if path == "" {
		return otherwise
	}
	return path
}

// pages asks for what comes whole.
func (a *app) pages(p webPaths) {
	a.t.Helper()
	check := func(what string, r *http.Response, body string, status int, want string) {
		a.t.Helper()
		if r.StatusCode != status || !strings.Contains(body, want) {
			a.t.Errorf("%s: %s %.300q, want %d with %q", what, r.Status, body, status, want)
		}
	}
	r, body := a.fetch("GET", "/hello?name=s%20%26%20you", "")
	check("a page", r, strings.ReplaceAll(body, "&amp;", "&"), 200, "hello s & you")
	r, body = a.fetch("HEAD", "/hello?name=s", "")
	if r.StatusCode != 200 && r.StatusCode != 405 || body != "" { // FastAPI serves HEAD where it is told to
		a.t.Errorf("HEAD: %s %q", r.Status, body)
	}
	r, body = a.fetch("POST", orElse(p.echo, "/echo")+"?q=%C3%A4", `{"a":["ü",1]}`, "Content-Type", "application/json")
	var got struct {
		Method string
		Body   map[string][]any
		Query  any
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || r.StatusCode != 200 || got.Method != "POST" || len(got.Body["a"]) != 2 || got.Body["a"][0] != "ü" {
		a.t.Errorf("JSON: %s %s %v", r.Status, body, err)
	}
	r, body = a.fetch("GET", orElse(p.cookie, "/cookie"), "", "Cookie", "a=x; b=y")
	var names []string
	for _, c := range r.Cookies() {
		names = append(names, c.Name+c.Value)
	}
	if body != "xy" || !slices.Equal(names, []string{"a1", "b2"}) {
		a.t.Errorf("cookies: %q %v", body, names)
	}
	r, _ = a.fetch("GET", "/redirect", "")
	if l, _ := url.Parse(r.Header.Get("Location")); l == nil || r.StatusCode/100 != 3 || l.RequestURI() != "/hello?name=s" {
		a.t.Errorf("a redirect: %s %q", r.Status, r.Header.Get("Location"))
	}
	r, body = a.fetch("GET", orElse(p.static, "/static/app.css"), "")
	check("a file", r, body, 200, "color: teal")
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/css") || r.Header.Get("Last-Modified") == "" && a.name != "koa" {
		a.t.Errorf("a file's headers: %v", r.Header)
	}
	r, body = a.fetch("GET", "/nothing/here", "")
	check("what isn't there", r, body, 404, "")
	r, body = a.fetch("GET", orElse(p.fail, "/fail"), "")
	check("an error", r, body, 500, "")
	r, body = a.fetch("GET", "/hello?name=again", "")
	check("a page after an error", r, body, 200, "again")
}

// streams reads an answer line by line; each is sent once the one before is here.
func (a *app) streams(path string) {
	a.t.Helper()
	response, err := a.client.Get(a.url + path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for _, want := range []string{"one\n", "two\n", "three\n"} {
		if line, err := lines.ReadString('\n'); err != nil || line != want {
			a.t.Fatalf("stream: %q, want %q; %v", line, want, err)
		}
		a.fetch("POST", path, "")
	}
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		a.t.Errorf("stream: %q %v at its end", rest, err)
	}
}

// TestWebSocketApps: both libraries' servers keep their conversations.
func TestWebSocketApps(t *testing.T) {
	t.Parallel()
	for name, tool := range map[string]string{"ws": "node", "websockets": "python3"} {
		t.Run(name, func(t *testing.T) {
			a := deployApp(t, name, "s.yaml", tool)
			first, second := a.dial("/room?x=1"), a.dial("/room?x=2")
			if first.Subprotocol() != "chat" {
				t.Errorf("subprotocol %q", first.Subprotocol())
			}
			a.says(first, "hello", "heard hello on /room?x=1")
			a.says(second, "hello", "heard hello on /room?x=2")
			a.bytes(first)
			second.CloseNow() // without a word
			third := a.dial("/")
			for answer := ""; answer != "left 1"; {
				answer = a.hears(third, "left")
			}
			if err := third.Write(t.Context(), websocket.MessageText, []byte("bye")); err != nil {
				t.Fatal(err)
			}
			_, _, err := third.Read(t.Context())
			if ended := (websocket.CloseError{}); !errors.As(err, &ended) || ended.Code != 4001 || ended.Reason != "as you wish" {
				t.Errorf("the server's close: %v", err)
			}
		})
	}
}

// dial opens a conversation, which ends with the test.
func (a *app) dial(path string) *websocket.Conn {
	a.t.Helper()
	opts := &websocket.DialOptions{HTTPClient: a.client, Subprotocols: []string{"chat"}}
	c, _, err := websocket.Dial(a.t.Context(), strings.Replace(a.url, "http", "ws", 1)+path, opts)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SetReadLimit(-1)
	a.t.Cleanup(func() { c.CloseNow() })
	return c
}

// hears says something and gives the answer.
func (a *app) hears(c *websocket.Conn, text string) string {
	a.t.Helper()
	if err := c.Write(a.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		a.t.Fatal(err)
	}
	_, answer, err := c.Read(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	return string(answer)
}

func (a *app) says(c *websocket.Conn, text, want string) {
	a.t.Helper()
	if answer := a.hears(c, text); answer != want {
		a.t.Errorf("the answer to %q is %q, want %q", text, answer, want)
	}
}

// bytes sends a large message and gets it back.
func (a *app) bytes(c *websocket.Conn) {
	a.t.Helper()
	sent := []byte(strings.Repeat("\x00\xff12345678", 300_000))
	if err := c.Write(a.t.Context(), websocket.MessageBinary, sent); err != nil {
		a.t.Fatal(err)
	}
	if kind, got, err := c.Read(a.t.Context()); err != nil || kind != websocket.MessageBinary || string(got) != string(sent) {
		a.t.Errorf("%d bytes came back as %v of %d: %v", len(sent), kind, len(got), err)
	}
}

// TestGRPCApps: clients of both libraries call servers of both in all ways.
func TestGRPCApps(t *testing.T) {
	t.Parallel()
	const want = "say hello s 1 yes NAME\nlarge 3000006\ncount 0 1 2 3 4\ngather a b c\nchat heard 0 heard 1 heard 2\n" +
		"fail NOT_FOUND no it\nnone UNIMPLEMENTED\ndeadline DEADLINE_EXCEEDED\nthen gone\ncancel True\n"
	for name, tool := range map[string]string{"grpc-python": "python3", "grpc-node": "node"} {
		t.Run(name, func(t *testing.T) {
			a := deployApp(t, name, "s.yaml", tool)
			u, err := url.Parse(a.url)
			if err != nil {
				t.Fatal(err)
			}
			address := net.JoinHostPort("127.0.0.1", u.Port())
			for _, client := range []string{"python", "node"} {
				cmd, why := grpcClient(t.Context(), client, address, u.Host)
				if why != "" {
					t.Log(why)
					continue
				}
				if out, err := cmd.CombinedOutput(); err != nil || string(out) != strings.ReplaceAll(want, "NAME", name) {
					t.Errorf("the %s client: %v\n%s", client, err, out)
				}
			}
		})
	}
}

// TestSignedGRPC: a call with a signature is let in by a trigger that wants one,
// others aren't.
func TestSignedGRPC(t *testing.T) {
	a := deployApp(t, "grpc-python", "signed.yaml", "python3")
	u, err := url.Parse(a.url)
	if err != nil {
		t.Fatal(err)
	}
	keys := a.api(1).keys
	cmd, why := grpcClient(t.Context(), "python", net.JoinHostPort("127.0.0.1", u.Port()), u.Host)
	if why != "" {
		t.Skip(why)
	}
	cmd.Args[1] = filepath.Join(appsDir, "grpc-python", "signed.py")
	cmd.Args = append(cmd.Args, keys.AccessKeyID, keys.AccessKeySecret)
	const want = "unsigned INTERNAL\nforged PERMISSION_DENIED\nother PERMISSION_DENIED\nsigned hello s\nchat heard 0 heard 1\n"
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != want {
		t.Errorf("%v\n%s", err, out)
	}
}

// grpcClient is a program that calls the service; why tells the lack of a tool.
func grpcClient(ctx context.Context, kind, address, host string) (cmd *exec.Cmd, why string) {
	if kind == "node" {
		if _, err := exec.LookPath("node"); err != nil {
			return nil, "no node"
		}
		packages, err := filepath.Abs(filepath.Join(installedApps, "grpc-node"))
		if err != nil {
			return nil, err.Error()
		}
		return exec.CommandContext(ctx, "node", filepath.Join(appsDir, "grpc-node", "client.js"), packages, address, host), ""
	}
	packages, err := filepath.Abs(filepath.Join(installedApps, "grpc-python", "python"))
	if err != nil {
		return nil, err.Error()
	}
	python := systemPython()
	if python == "" {
		return nil, "no python3"
	}
	cmd = exec.CommandContext(ctx, python, filepath.Join(appsDir, "grpc-python", "client.py"), address, host)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+packages)
	return cmd, ""
}
