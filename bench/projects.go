package main

import (
	"fmt"
	"strings"
)

// noop is a project with no-op Python functions of these names.
func noop(names ...string) map[string]string {
	var yaml strings.Builder
	yaml.WriteString("edition: 3.0.0\nname: bench\naccess: local\nresources:\n")
	for _, name := range names {
		fmt.Fprintf(&yaml, `  %s:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: %s
      runtime: python3.10
      handler: index.handler
      code: ./code
      memorySize: 512
      timeout: 30
      instanceConcurrency: 1
`, name, name)
	}
	return map[string]string{
		"s.yaml":        yaml.String(),
		"code/index.py": "def handler(event, context):\n    return event\n",
	}
}

// goNoop is a project with a Go function whose program is code/main.
func goNoop(name string) map[string]string {
	return map[string]string{"s.yaml": fmt.Sprintf(`edition: 3.0.0
name: bench
access: local
resources:
  %s:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: %s
      runtime: go1
      handler: main
      code: ./code
      memorySize: 512
      timeout: 30
      instanceConcurrency: 1
`, name, name)}
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
