package main

import (
	"fmt"
	"maps"
	"strings"
)

// language is a no-op function of a managed runtime.
type language struct {
	name    string
	runtime string
	handler string
	code    map[string]string // its files
	program string            // a package of Go to compile, if it is that
	event   string
	answer  string
	p50     float64 // what is asked of its loop over one connection, ms
}

// languages are those whose loop is measured.
func languages() []language {
	return []language{
		python(),
		{
			name: "Node.js", runtime: "nodejs20", handler: "index.handler", event: "{}", answer: "{}", p50: 0.25,
			code: map[string]string{"code/index.js": "exports.handler = (event, context, callback) => callback(null, event)\n"},
		},
		// A program with the habits of Function Compute's Go runtime, which the
		// tests use, too.
		{name: "Go", runtime: "go1", handler: "main", program: "./pkg/runtime/instance/testdata/go", event: "x", answer: `{"Name":"x"}`, p50: 0.15},
	}
}

// loops are those whose loop is measured. Go has two: most of its time is that of
// the client of the Runtime API, which is part of the program. net/http is what
// those have who use Function Compute's package.
func loops() []language {
	all := languages()
	plain := all[len(all)-1]
	all[len(all)-1].name = "Go, net/http"
	plain.name, plain.program = "Go, plain client", "./bench/testdata/goplain"
	return append(all, plain)
}

func python() language {
	return language{
		name: "Python", runtime: "python3.10", handler: "index.handler", event: "{}", answer: "{}", p50: 0.25,
		code: map[string]string{"code/index.py": "def handler(event, context):\n    return event\n"},
	}
}

// noop is a project with no-op Python functions of these names.
func noop(names ...string) map[string]string { return python().noop(names...) }

// noop is a project with no-op functions of these names; the program of a
// compiled one isn't in it.
func (l language) noop(names ...string) map[string]string {
	var yaml strings.Builder
	yaml.WriteString("edition: 3.0.0\nname: bench\naccess: local\nresources:\n")
	for _, name := range names {
		fmt.Fprintf(&yaml, `  %s:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: %s
      runtime: %s
      handler: %s
      code: ./code
      memorySize: 512
      timeout: 30
      instanceConcurrency: 1
`, name, name, l.runtime, l.handler)
	}
	files := map[string]string{"s.yaml": yaml.String()}
	maps.Copy(files, l.code)
	return files
}

// flask is a Flask application under gunicorn behind an anonymous HTTP trigger.
func flask() map[string]string {
	return map[string]string{
		"s.yaml": `edition: 3.0.0
name: bench
access: local
resources:
  web:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: web
      runtime: custom.debian10
      code: ./code
      memorySize: 1024
      timeout: 60
      instanceConcurrency: 100
      customRuntimeConfig:
        command: [gunicorn]
        args: ["-c", "gunicorn_conf.py", "server:app"]
      triggers:
        - triggerName: http
          triggerType: http
          triggerConfig:
            authType: anonymous
            methods: [GET, POST]
`,
		"code/requirements.txt": "flask\ngunicorn\n",
		"code/gunicorn_conf.py": `bind = "0.0.0.0:9000"
workers = 2
threads = 4
keepalive = 900
errorlog = "-"
`,
		"code/server.py": `from flask import Flask

app = Flask(__name__)


@app.route("/")
def hello():
    return "hello world"
`,
	}
}
