package debugger

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestApply(t *testing.T) {
	t.Parallel()
	const jdwp = "-agentlib:jdwp=transport=dt_socket,server=y,quiet=y,suspend="
	for _, tt := range []struct {
		name, language string
		o              Options
		args           string
		env            map[string]string
		wantArgs       string
		wantEnv        map[string]string // beyond what stays
		mount          string
	}{
		{
			"a file", Python,
			Options{},
			"python3 app.py x", nil,
			"python3 -m debugpy --listen 127.0.0.1:5678 app.py x", nil, "",
		},
		{
			"options of the interpreter", Python,
			Options{Wait: true},
			"/p/python3 -W ignore -X dev -u /b.py", nil,
			"/p/python3 -W ignore -X dev -u -m debugpy --listen 127.0.0.1:5678 --wait-for-client /b.py", nil, "",
		},
		{
			"a module", Python,
			Options{PythonTools: "/cache"},
			"python3 -m uvicorn app:app",
			map[string]string{"PYTHONPATH": "/code"},
			"python3 -m debugpy --listen 127.0.0.1:5678 -m uvicorn app:app",
			map[string]string{"PYTHONPATH": pythonDir + ":/code"},
			pythonDir,
		},
		{"nothing to run", Python, Options{}, "python3", nil, "python3 -m debugpy --listen 127.0.0.1:5678", nil, ""},
		{
			"node", Node,
			Options{},
			"node server.js",
			map[string]string{"NODE_OPTIONS": "--max-old-space-size=99"},
			"node server.js",
			map[string]string{"NODE_OPTIONS": "--max-old-space-size=99 --inspect=127.0.0.1:5678"},
			"",
		},
		{"node that waits", Node, Options{Wait: true}, "node x", nil, "node x", map[string]string{"NODE_OPTIONS": "--inspect-brk=127.0.0.1:5678"}, ""},
		{"java", Java, Options{}, "java -jar x.jar", nil, "java -jar x.jar", map[string]string{"JAVA_TOOL_OPTIONS": jdwp + "n,address=127.0.0.1:5678"}, ""},
		{
			"java that waits", Java,
			Options{Wait: true},
			"java",
			map[string]string{"JAVA_TOOL_OPTIONS": "-Xmx1g"},
			"java",
			map[string]string{"JAVA_TOOL_OPTIONS": "-Xmx1g " + jdwp + "y,address=127.0.0.1:5678"},
			"",
		},
		{
			"go", Go,
			Options{Delve: "/go/bin/dlv"},
			"/code/main a -b", nil,
			delvePath + " exec --headless --api-version=2 --accept-multiclient --listen=127.0.0.1:5678 --continue /code/main -- a -b", nil, delvePath,
		},
		{
			"what will show", Unknown,
			Options{},
			"/code/bootstrap", nil, "/code/bootstrap",
			map[string]string{"NODE_OPTIONS": "--inspect=127.0.0.1:5678", "JAVA_TOOL_OPTIONS": jdwp + "n,address=127.0.0.1:5678"},
			"",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.o.Port = 5678
			given := Launch{Args: strings.Fields(tt.args), Env: tt.env}
			got, err := tt.o.Apply(tt.language, given)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			if tt.language == Python {
				want["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
			}
			maps.Copy(want, tt.wantEnv)
			if d := cmp.Diff(tt.wantArgs, strings.Join(got.Args, " ")) + cmp.Diff(want, got.Env); d != "" {
				t.Error(d)
			}
			if (tt.mount != "") != (len(got.Mounts) == 1) || tt.mount != "" && (got.Mounts[0].Target != tt.mount || !got.Mounts[0].ReadOnly) {
				t.Errorf("mounts %+v", got.Mounts)
			}
			if d := cmp.Diff(tt.args, strings.Join(given.Args, " ")); d != "" {
				t.Errorf("what was given changed: %s", d)
			}
		})
	}
}

func TestWhatCannotBeDebugged(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ language, want string }{{"php", "php"}, {"dotnet", "dotnet"}, {Go, "go install"}} {
		_, err := (&Options{}).Apply(tt.language, Launch{Args: []string{"x"}})
		var unsupported *UnsupportedError
		if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.language, err)
		}
	}
}

func TestLanguageOf(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"": Unknown, "python3 app.py": Python, "/usr/bin/python3.10 -m x": Python, "node x.js": Node, "npm start": Node,
		"/opt/java/bin/java -jar x": Java, "./bootstrap": Unknown, "gunicorn app:app": Unknown,
	} {
		if got := LanguageOf(strings.Fields(command)); got != want {
			t.Errorf("%q is %q, want %q", command, got, want)
		}
	}
}

func TestAttach(t *testing.T) {
	t.Parallel()
	o := &Options{Port: 7}
	for _, tt := range []struct{ language, root, want string }{
		{Python, "code", `{"connect":{"host":"127.0.0.1","port":7},"name":"s: f","pathMappings":[{"localRoot":"${workspaceFolder}/code","remoteRoot":"/code"}],"request":"attach","type":"debugpy"}`},
		{Java, ".", `{"hostName":"127.0.0.1","name":"s: f","port":7,"request":"attach","type":"java"}`},
		{Go, "", `{"host":"127.0.0.1","mode":"remote","name":"s: f","port":7,"request":"attach","substitutePath":[{"from":"${workspaceFolder}","to":"/code"}],"type":"go"}`},
		{Node, "web", `{"address":"127.0.0.1","localRoot":"${workspaceFolder}/web","name":"s: f","port":7,"remoteRoot":"/code","request":"attach","restart":true,"type":"node"}`},
	} {
		text, err := json.Marshal(o.Attach(tt.language, "f", tt.root, "/code"))
		if err != nil || string(text) != tt.want {
			t.Errorf("%s: %s, %v", tt.language, text, err)
		}
	}
	for addr, want := range map[string]string{"127.1.2.3:9000": "127.1.2.3:7", "": "127.0.0.1:7"} {
		if got := o.At(addr); got != want {
			t.Errorf("at %q: %s", addr, got)
		}
	}
	if o.String() != "127.0.0.1:7" {
		t.Error(o.String())
	}
}
