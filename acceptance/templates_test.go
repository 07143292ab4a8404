package acceptance

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"s/pkg/fc"
	"s/pkg/scaffold"
	"s/pkg/spec"
)

// TestTemplates makes a project of each template, builds it, and where its
// runtime runs on this machine, deploys and calls it as a user would.
func TestTemplates(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds with what package registries have")
	}
	all, err := scaffold.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range all {
		t.Run(template.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.s("init", template.Name, "-y", "-d", "p")
			p := *w
			p.work = filepath.Join(w.work, "p")
			p.s("verify")
			t.Cleanup(p.dropImage)
			if why := cannotBuild(template); why != "" {
				t.Skip(why)
			}
			if out, err := p.try("build"); err != nil {
				if reason := unavailable(out); reason != "" {
					t.Skip(reason)
				}
				t.Fatalf("%v\n%s", err, out)
			}
			if !runs(&template) {
				return
			}
			p.s("deploy", "-y")
			p.call(&template)
			p.s("remove", "-y")
		})
	}
}

// cannotBuild tells why a template can't be built here.
func cannotBuild(template scaffold.Template) string {
	if template.Language != "container" {
		return ""
	}
	for _, engine := range []string{"docker", "podman"} {
		if exec.Command(engine, "image", "inspect", baseImage).Run() == nil {
			return ""
		}
	}
	return "no engine has its base image, which comes from a registry: " + baseImage
}

// dropImage removes the image that was built from the engine's store.
func (w *world) dropImage() {
	project, diags := spec.Load(context.Background(), spec.Options{File: filepath.Join(w.work, "s.yaml"), Command: "deploy"})
	if diags.HasErrors() || project.Resources[0].Function.CustomContainerConfig == nil {
		return
	}
	for _, engine := range []string{"docker", "podman"} {
		_ = exec.Command(engine, "rmi", project.Resources[0].Function.CustomContainerConfig.Image).Run() // where it is
	}
}

// baseImage is what the image of the template of a container begins with.
const baseImage = "python:3.12-slim"

// missing is what a build says without its tools or the packages' registry.
var missing = regexp.MustCompile(`(?m)^error: .*(?:on this machine|on (?:the )?PATH\b).*$|` +
	`.*(?:[Cc]ould not resolve host|Network is unreachable|[Tt]emporary failure in name resolution|EAI_AGAIN|ENOTFOUND|Could not transfer artifact).*`)

func unavailable(output string) string { return missing.FindString(output) }

// runs reports whether the local cloud runs the functions of a template: the
// other managed runtimes come with a later version.
func runs(template *scaffold.Template) bool {
	switch template.Language {
	case "python", "java", "go", "php":
		return true
	case "nodejs":
		_, err := exec.LookPath("node")
		return err == nil
	}
	return template.Kind == scaffold.KindCustom || template.Language == "container"
}

// try runs a command that may fail, and gives all that it printed.
func (w *world) try(args ...string) (string, error) {
	cmd := s(w.vars, args...)
	cmd.Dir = w.work
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// call calls what was deployed, in the way of its kind.
func (w *world) call(template *scaffold.Template) {
	w.t.Helper()
	project, diags := spec.Load(context.Background(), spec.Options{File: filepath.Join(w.work, "s.yaml"), Command: "deploy"})
	if diags.HasErrors() || len(project.Resources) != 1 {
		w.t.Fatal(diags)
	}
	if len(project.Resources[0].Triggers) == 0 {
		want := map[string]any{"name": "s"}
		var got map[string]any
		if err := json.Unmarshal([]byte(w.s("invoke", "-e", `{"name":"s"}`)), &got); err != nil {
			w.t.Fatal(err)
		}
		if got["name"] != want["name"] && got["message"] != "hello s" {
			w.t.Errorf("invoke gives %v", got)
		}
		return
	}
	url := regexp.MustCompile(`http://[^\s"]+\.fcapp\.localhost:\d+`).FindString(w.s("info", "-o", "raw"))
	if url == "" {
		w.t.Fatal("s info shows no url")
	}
	if template.Name == "start-fc-custom-websocket" {
		w.chat(url)
		return
	}
	w.ask(url)
}

// ask posts a request that the servers of the templates show.
func (w *world) ask(url string) {
	w.t.Helper()
	client := loopbackClient()
	response, err := client.Post(url+"/a/b?x=1", "text/plain", strings.NewReader("hello"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var got struct {
		Message, Method, Path, Body string
		Query                       map[string]any
	}
	if err := json.Unmarshal(body, &got); err != nil {
		w.t.Fatalf("%s: %v: %s", response.Status, err, body)
	}
	if got.Message != "hello world" || got.Method != http.MethodPost || got.Path != "/a/b" || got.Body != "hello" || len(got.Query) != 1 {
		w.t.Errorf("it shows %+v", got)
	}
}

// chat lets two clients meet.
func (w *world) chat(url string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	opts := &websocket.DialOptions{HTTPClient: loopbackClient()}
	var clients []*websocket.Conn
	for range 2 {
		c, _, err := websocket.Dial(ctx, strings.Replace(url, "http", "ws", 1), opts)
		if err != nil {
			w.t.Fatal(err)
		}
		defer c.CloseNow()
		clients = append(clients, c)
	}
	if err := clients[0].Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		w.t.Fatal(err)
	}
	for _, c := range clients {
		if _, heard, err := c.Read(ctx); err != nil || string(heard) != "hello" {
			w.t.Errorf("heard %q, %v", heard, err)
		}
	}
}

// Every runtime that a template names is one that FC knows, and the files of a
// project are those that its readme lists.
func TestReadmesListTheFiles(t *testing.T) {
	t.Parallel()
	all, err := scaffold.List()
	if err != nil {
		t.Fatal(err)
	}
	listed := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
	for _, template := range all {
		dir := filepath.Join(t.TempDir(), "made")
		if _, err := scaffold.Render(t.Context(), template, nil, dir, scaffold.Options{}); err != nil {
			t.Fatal(err)
		}
		readme, err := os.ReadFile(filepath.Join(dir, "readme.md"))
		if err != nil {
			t.Fatal(err)
		}
		found := listed.FindAllStringSubmatch(string(readme), -1)
		if len(found) == 0 {
			t.Errorf("%s: its readme lists nothing", template.Name)
		}
		for _, file := range found {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(file[1]))); err != nil {
				t.Errorf("%s: its readme lists %s: %v", template.Name, file[1], err)
			}
		}
		project, _ := spec.Load(t.Context(), spec.Options{File: filepath.Join(dir, "s.yaml"), Command: "deploy"})
		if project == nil {
			t.Fatalf("%s: its s.yaml can't be read", template.Name)
		}
		if _, known := fc.LookupRuntime(project.Resources[0].Function.Runtime); !known {
			t.Errorf("%s: unknown runtime %s", template.Name, project.Resources[0].Function.Runtime)
		}
	}
}
