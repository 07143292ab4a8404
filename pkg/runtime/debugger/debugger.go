// Package debugger starts a function's program so that a debugger can attach:
// what each language needs on its command line and in its environment, and how
// an editor is told to attach. It starts nothing itself.
package debugger

import (
	"fmt"
	"maps"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"

	"s/pkg/runtime/sandbox"
)

// Languages, as fc.Runtime names them. Unknown is a custom runtime whose command
// doesn't tell.
const (
	Python  = "python"
	Node    = "nodejs"
	Java    = "java"
	Go      = "go"
	Unknown = ""
)

// Places of tools inside an instance.
const (
	toolDir   = "/var/fc/debug"
	pythonDir = toolDir + "/python"
	delvePath = toolDir + "/dlv"
)

// Options says how a function is debugged.
type Options struct {
	// Port is where the debugger listens, on the loopback.
	Port int
	// Wait holds the code until a debugger has attached, where the language can.
	Wait bool
	// PythonTools is a folder of the host with debugpy; empty if the interpreter
	// has it itself.
	PythonTools string
	// Delve is dlv on the host; empty if there is none.
	Delve string
	// Started, if set, is told where the debugger of an instance that was started
	// will listen, as the host reaches it.
	Started func(addr string)
}

// ExtraMemoryMB is what an instance gets over its limit: debuggers need some.
const ExtraMemoryMB = 512

// At is where the host reaches the debugger of an instance, given where it reaches
// another port of it.
func (o *Options) At(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(o.Port))
}

// Launch is how a program is started. Paths are those of the inside.
type Launch struct {
	Args   []string
	Env    map[string]string
	Mounts []sandbox.Mount
}

// UnsupportedError is a language that can't be debugged, or whose debugger isn't
// there.
type UnsupportedError struct{ Why string }

func (e *UnsupportedError) Error() string { return e.Why }

// Apply changes how a program of a language is started. It leaves what it is
// given as it is.
func (o *Options) Apply(language string, l Launch) (Launch, error) {
	out := Launch{Args: slices.Clone(l.Args), Env: map[string]string{}, Mounts: slices.Clone(l.Mounts)}
	maps.Copy(out.Env, l.Env)
	switch language {
	case Python:
		o.python(&out)
	case Node:
		o.node(&out)
	case Java:
		o.java(&out)
	case Go:
		return out, o.delve(&out)
	case Unknown:
		// What it is will show: each interpreter takes its own variable.
		o.node(&out)
		o.java(&out)
	default:
		return out, &UnsupportedError{Why: "functions of " + language + " can't be debugged here"}
	}
	return out, nil
}

func (o *Options) address() string { return "127.0.0.1:" + strconv.Itoa(o.Port) }

// python runs the program under debugpy (command line of debugpy: its own
// options, then a file, -m or -c).
func (o *Options) python(l *Launch) {
	if o.PythonTools != "" {
		l.Mounts = append(l.Mounts, sandbox.Mount{Source: o.PythonTools, Target: pythonDir, ReadOnly: true})
		l.Env["PYTHONPATH"] = joined(pythonDir, ":", l.Env["PYTHONPATH"])
	}
	l.Env["PYDEVD_DISABLE_FILE_VALIDATION"] = "1" // a warning about frozen modules
	debug := []string{"-m", "debugpy", "--listen", o.address()}
	if o.Wait {
		debug = append(debug, "--wait-for-client")
	}
	at := pythonOptions(l.Args)
	l.Args = slices.Insert(l.Args, at, debug...)
}

// pythonOptions is how many arguments are the interpreter and its own options.
func pythonOptions(args []string) int {
	i := 1
	for ; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") || a == "-" || strings.HasPrefix(a, "-m") || strings.HasPrefix(a, "-c") {
			break
		}
		if a == "-W" || a == "-X" {
			i++
		}
	}
	return min(i, len(args))
}

// node sets the options that Node.js takes from the environment.
func (o *Options) node(l *Launch) {
	inspect := "--inspect="
	if o.Wait {
		inspect = "--inspect-brk="
	}
	l.Env["NODE_OPTIONS"] = joined(l.Env["NODE_OPTIONS"], " ", inspect+o.address())
}

// java loads the agent for JDWP, which says that it did on stdout.
func (o *Options) java(l *Launch) {
	suspend := "n"
	if o.Wait {
		suspend = "y"
	}
	agent := "-agentlib:jdwp=transport=dt_socket,server=y,quiet=y,suspend=" + suspend + ",address=" + o.address()
	l.Env["JAVA_TOOL_OPTIONS"] = joined(l.Env["JAVA_TOOL_OPTIONS"], " ", agent)
}

// delve runs the program under dlv.
func (o *Options) delve(l *Launch) error {
	if o.Delve == "" {
		return &UnsupportedError{Why: "dlv isn't on this machine: go install github.com/go-delve/delve/cmd/dlv@latest"}
	}
	l.Mounts = append(l.Mounts, sandbox.Mount{Source: o.Delve, Target: delvePath, ReadOnly: true})
	args := []string{delvePath, "exec", "--headless", "--api-version=2", "--accept-multiclient", "--listen=" + o.address()}
	if !o.Wait {
		args = append(args, "--continue")
	}
	args = append(args, l.Args[0], "--")
	l.Args = append(args, l.Args[1:]...)
	return nil
}

func joined(a, sep, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + sep + b
}

// LanguageOf tells the language of a custom runtime's command by its program.
func LanguageOf(command []string) string {
	if len(command) == 0 {
		return Unknown
	}
	name := path.Base(command[0])
	switch {
	case strings.HasPrefix(name, "python"):
		return Python
	case name == "node" || name == "npm" || name == "npx" || name == "yarn" || name == "pnpm":
		return Node
	case name == "java":
		return Java
	}
	return Unknown
}

// Attach is a configuration of VS Code's launch.json that attaches to a function.
// root is the folder of its code below that of the editor, remote what the
// function sees it as.
func (o *Options) Attach(language, name, root, remote string) map[string]any {
	local := "${workspaceFolder}"
	if root != "" && root != "." {
		local += "/" + root
	}
	c := map[string]any{"name": "s: " + name, "request": "attach"}
	switch language {
	case Python:
		c["type"] = "debugpy"
		c["connect"] = map[string]any{"host": "127.0.0.1", "port": o.Port}
		c["pathMappings"] = []any{map[string]any{"localRoot": local, "remoteRoot": remote}}
	case Java:
		c["type"], c["hostName"], c["port"] = "java", "127.0.0.1", o.Port
	case Go:
		c["type"], c["mode"], c["host"], c["port"] = "go", "remote", "127.0.0.1", o.Port
		c["substitutePath"] = []any{map[string]any{"from": local, "to": remote}}
	default:
		c["type"], c["address"], c["port"] = "node", "127.0.0.1", o.Port
		c["localRoot"], c["remoteRoot"], c["restart"] = local, remote, true
	}
	return c
}

// String tells the port.
func (o *Options) String() string { return fmt.Sprintf("127.0.0.1:%d", o.Port) }
