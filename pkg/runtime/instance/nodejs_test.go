package instance

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
	"s/pkg/toolchain/toolchaintest"
)

// nodeTools finds the versions of Node.js once for all tests.
var nodeTools = sync.OnceValue(func() *toolchain.Finder { return toolchaintest.New(os.LookupEnv) })

// findNode gives a Node.js of that major version; the test is skipped without.
func findNode(t testing.TB, version string) toolchain.Interpreter {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("managed runtimes need Unix")
	}
	found, err := nodeTools().FindNode(t.Context(), version)
	var missing *toolchain.NotFoundError
	if errors.As(err, &missing) || err == nil && !found.Exact {
		t.Skipf("no Node.js %s on this machine", version)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// nodeConfig is that of a Node.js function with that handler; version "" is any
// from 14 on.
func nodeConfig(t testing.TB, mode, version, handler string, fn fc.Function) (Config, *collected) {
	t.Helper()
	if version == "" {
		found, err := nodeTools().FindNode(t.Context(), "14")
		if err != nil {
			t.Skip(err)
		}
		version, _, _ = strings.Cut(found.Version, ".")
	}
	fn.Runtime, fn.Handler = "nodejs"+version, handler
	cfg, logs := config(t, mode, "testdata/nodejs", fn)
	cfg.Toolchain = nodeTools()
	return cfg, logs
}

// nodeFailure is an error of the function: its document, less the stack.
func nodeFailure(kind, message string) step {
	return step{errorType: fc.ErrorTypeUnhandled, has: []string{fmt.Sprintf(`{"errorMessage":%q,"errorType":%q`, message, kind)}}
}

func nodeHandled(kind, message string) step {
	s := nodeFailure(kind, message)
	s.errorType = fc.ErrorTypeHandled
	s.log = []string{"FC Invoke Start RequestId: <id>", "FC Invoke End RequestId: <id>, Error: Handled function error"}
	return s
}

func (s step) given(event string) step { s.event = event; return s }

func (s step) having(parts ...string) step { s.has = append(s.has, parts...); return s }

func (s step) logging(lines ...string) step { s.log = lines; return s }

// succession makes a clause of steps.
func succession(name, handler string, steps ...step) clause {
	return clause{name: name, handler: handler, steps: steps}
}

func nodeResults() []clause {
	return []clause{
		succession("bytes as they are", "clauses.echo", step{event: "hello", body: "hello", log: framed()}, step{event: "\x00\xff\r\n\r\n", body: "\x00\xff\r\n\r\n"}, step{}),
		succession("the event is a Buffer", "clauses.eventType", step{event: "x", body: "true"}, step{body: "true"}),
		succession("text is UTF-8", "clauses.text", step{body: "grüße 你好"}),
		succession("null is empty", "clauses.nothing", step{}),
		succession("nothing is empty", "clauses.noValue", step{}, step{}),
		succession("an empty text", "clauses.empty", step{}),
		succession("a number", "clauses.number", step{body: "42.5"}),
		succession("a boolean", "clauses.yes", step{body: "true"}),
		succession("a function", "clauses.func", step{body: "function Function() { [native code] }"}),
		succession("half a character", "clauses.surrogate", step{body: "a\ufffdb"}),
		succession("a binary result", "clauses.raw", step{size: 256, has: []string{"\x00\x01\x02", "\xfe\xff"}}),
		succession("a document", "clauses.document", step{body: `{"b":1,"a":[true,null],"c":{"x":"ü"}}`}),
		succession("a document of nothing", "clauses.toJSON", step{}),
		succession("a promise", "clauses.promise", step{event: "p", body: "p"}, step{event: "q", body: "q"}),
		succession("like a promise", "clauses.thenable", step{body: "like a promise"}),
		succession("a callback that comes later", "clauses.later", step{body: "later"}),
		succession("the first completion counts", "clauses.twice", step{body: "first", log: framed("<time> <id> [info] after the callback")}, step{body: "first"}),
		succession("callback before promise", "clauses.both", step{body: "of the callback"}, step{body: "of the callback"}),
		succession("child processes", "clauses.child", step{body: "from a child\n"}),
		{name: "large payloads", handler: "clauses.echo", timeout: 60, steps: []step{
			{event: strings.Repeat("0123456789", 700_000), body: strings.Repeat("0123456789", 700_000)}, {event: "next", body: "next"},
		}},
		{name: "the largest result", handler: "clauses.bigText", timeout: 60, steps: []step{{event: strconv.Itoa(fc.MaxSyncBody), size: fc.MaxSyncBody}}},
		{name: "a result that is too large", handler: "clauses.big", timeout: 60, steps: []step{
			{event: strconv.Itoa(fc.MaxSyncBody + 1), errorType: fc.ErrorTypeUnhandled, has: []string{"larger than 33554432 bytes"}},
			{event: "2", body: "xx"},
		}},
		succession("a handler in a folder", "sub/mod.handler", step{body: "from a folder, sibling"}),
	}
}

func nodeErrors() []clause {
	thrown := nodeFailure("TypeError", "wrong: x").given("x").having(`,"stackTrace":["TypeError: wrong: x","    at `, `/code/clauses.js:`).
		logging("FC Invoke Start RequestId: <id>", "<time> <id> [error] TypeError: wrong: x", failed)
	ours := []string{"/var/fc", "node:", "internal/", "bootstrap"}
	syntax := nodeFailure("UserCodeSyntaxError", "missing ) after argument list").having("/code/broken_syntax.js:")
	missing := step{errorType: fc.ErrorTypeUnhandled, has: []string{"Cannot find module 'there-is-no-such-module'", `"errorType":"ImportModuleError"`, "/code/broken_import.js:"}}
	clauses := []clause{
		succession("an error given to the callback", "clauses.handled", nodeHandled("Error", "handled: x").given("x").having(`"Error: handled: x"`), step{
			event: "y", errorType: fc.ErrorTypeHandled, has: []string{"handled: y"}, log: []string{"<time> <id> [error] Error: handled: y"},
		}),
		succession("a text given to the callback", "clauses.handledText", nodeHandled("FunctionHandledError", "only text").having(`"}`)),
		succession("an object given to the callback", "clauses.handledObject", nodeHandled("FunctionHandledError", `{"code":7}`)),
		succession("an exception", "clauses.fail", thrown, thrown),
		succession("a text thrown", "clauses.failText", nodeFailure("FunctionUnhandledError", "only text")),
		succession("a rejected promise", "clauses.reject", nodeFailure("RangeError", "rejected").having("/code/clauses.js:")),
		succession("a promise rejected with nothing", "clauses.rejectNothing", nodeFailure("FunctionUnhandledError", "undefined")),
		succession("endless recursion", "clauses.recursion", nodeFailure("RangeError", "Maximum call stack size exceeded"), nodeFailure("RangeError", "Maximum call stack size exceeded")),
		succession("a result that isn't JSON", "clauses.circular", step{errorType: fc.ErrorTypeUnhandled, has: []string{"Converting circular structure to JSON", `"errorType":"TypeError"`}}),
		succession("a thrown object that isn't JSON", "clauses.failCircular", step{errorType: fc.ErrorTypeUnhandled, has: []string{"{ name: 'round', value: [Circular", `"errorType":"FunctionUnhandledError"`}}),
		succession("an error with reasons", "clauses.failReason", nodeFailure("Error", "the last").logging(
			"<time> <id> [error] Error: the last", "One of: TypeError: one part", "One of: Error: another", "Caused by: RangeError: the first",
		)),
		succession("an error that tells nothing", "clauses.nasty", nodeFailure("Error", "")),
		succession("the trace is the user's", "clauses.failDeep", nodeFailure("Error", "deep").having("at helper (/code/clauses.js:", "at Array.forEach (")),
		succession("an exception of a timer", "clauses.uncaught", nodeFailure("Error", "in a timer").having("/code/clauses.js:"), step{event: "ok", body: "still here"}),
		succession("an exception after the result", "clauses.uncaughtAfter", step{body: "fine"}, step{body: "fine"}),
		succession("a syntax error", "broken_syntax.handler", syntax, syntax),
		succession("an import error", "broken_import.handler", missing, missing),
		succession("no such module", "nowhere.handler", nodeFailure("ImportModuleError", "Cannot find module '/code/nowhere'")),
		succession("a failed module is not remembered", "flaky.handler", nodeFailure("Error", "first time"), step{body: "second time"}),
		succession("no such handler", "clauses.nobody", nodeFailure("HandlerNotFound", "Handler 'nobody' is missing on module 'clauses'").having(`"}`)),
		succession("a handler without a dot", "clauses", nodeFailure("InvalidHandleName", "Invalid handler 'clauses'")),
		succession("a handler with an empty end", "clauses.", nodeFailure("InvalidHandleName", "Invalid handler 'clauses.'")),
	}
	for i := range clauses {
		for j := range clauses[i].steps {
			if clauses[i].steps[j].errorType != "" {
				clauses[i].steps[j].lacks = ours
			}
		}
	}
	return clauses
}

func nodeEndings() []clause {
	exit := step{errorType: fc.ErrorTypeUnhandled, ends: true, has: []string{"Process exited unexpectedly before completing request (duration: ", "maxMemoryUsage: "}}
	late := step{errorType: fc.ErrorTypeTimeout, ends: true, has: []string{"Function timed out after 1 seconds (maxMemoryUsage: "}}
	stop := func(name, handler string, s step) clause {
		return clause{name: name, handler: handler, timeout: 1, steps: []step{s}}
	}
	loop := stop("the time is over in a loop", "clauses.loop", late)
	loop.grace = 100 * time.Millisecond
	return []clause{
		succession("process.exit", "clauses.exit", exit.logging("FC Invoke Start RequestId: <id>", "<time> <id> [info] leaving")),
		succession("process.abort", "clauses.abort", exit),
		stop("nothing left to do", "clauses.never", late.logging("nothing left to do")),
		stop("the time is over", "clauses.hook", late.logging("exit listener: 143")),
		loop,
	}
}

func nodeSurroundings() []clause {
	initializer := func(name, handler, initializer string, steps ...step) clause {
		return clause{name: name, handler: handler, initializer: initializer, steps: steps}
	}
	long := initializer("an initializer that takes too long", "clauses.addTwo", "clauses.initializeLong", step{
		errorType: fc.ErrorTypeInitialization, ends: true, has: []string{"Function initialization timed out after 1 seconds"},
	})
	long.timeout = 1
	return []clause{
		long,
		initializer("the initializer runs once, first", "clauses.addTwo", "clauses.initialize", step{body: "3", log: []string{
			"FC Initialize Start RequestId: <id>", "<time> <id> [info] initializing for <id>", "FC Initialize End RequestId: <id>", "FC Invoke Start RequestId: <id>",
		}}, step{body: "5", log: framed()}),
		initializer("an initializer that fails", "clauses.addTwo", "clauses.failToInitialize", step{
			errorType: fc.ErrorTypeInitialization, has: []string{`{"errorMessage":"no database","errorType":"Error"`}, ends: true,
			log: []string{"FC Initialize Start RequestId: <id>", "FC Initialize End RequestId: <id>, Error: Handled function error"},
		}),
		initializer("an initializer that isn't there", "clauses.addTwo", "clauses.nobody", step{
			errorType: fc.ErrorTypeInitialization, has: []string{`"errorType":"HandlerNotFound"`}, ends: true,
		}),
		succession("patched globals", "clauses.patched", step{body: `{"still":"right"}`, log: framed()}, step{body: `{"still":"right"}`, log: framed()}),
		succession("closed output", "clauses.closed", step{body: "closed", log: []string{"FC Invoke Start RequestId: <id>"}}, step{body: "closed"}),
		succession("the next waits for the event loop", "clauses.waits", step{event: "wait", body: "0"}, step{event: "wait", body: "0"}),
	}
}

func nodeOutput() []clause {
	return []clause{
		succession("console and logger", "clauses.logs", step{log: framed(
			"as it is", "<time> <id> [info] one is 1 { a: 1 }", "<time> <id> [info] info", "<time> <id> [warn] warn", "<time> <id> [error] error",
			"<time> <id> [debug] debug", "<time> <id> [info] of the logger", "<time> <id> [warn] with a level", "<time> <id> [info] without a level",
			"<time> <id> [info] first", "second", "to stderr",
		)}),
		succession("levels", "clauses.levels", step{log: framed("<time> <id> [warn] high enough", "no level")}, step{}),
		succession("a line without its end", "clauses.unfinished", step{log: framed("no newline")}),
		succession("a flood doesn't hold the result back", "clauses.flood", step{body: "survived", tail: true, log: framed("<time> <id> [info] the end")}),
		succession("console.trace", "clauses.trace", step{
			body: "clauses.js", log: framed("<time> <id> [error] Trace: who calls", "<time> <id> [error] Error: shown"), lacks: []string{"/var/fc", "bootstrap"},
		}),
	}
}

// TestNode holds every Node.js that is there to the contract.
func TestNode(t *testing.T) {
	t.Parallel()
	versions := []string{"6", "8", "10", "12", "14", "16", "18", "20", "22"}
	if testing.Short() {
		versions = []string{"20"}
	}
	all := slices.Concat(nodeResults(), nodeErrors(), nodeEndings(), nodeSurroundings(), nodeOutput())
	quick := slices.DeleteFunc(slices.Clone(all), func(c clause) bool { return c.timeout != 0 })
	differ := slices.Concat(nodeErrors(), nodeOutput()) // where versions do
	for _, version := range versions {
		t.Run("nodejs"+version, func(t *testing.T) {
			findNode(t, version)
			major, err := strconv.Atoi(version)
			if err != nil {
				t.Fatal(err)
			}
			clauses := differ
			if version == "6" || version == "20" {
				clauses = all
			}
			for _, c := range slices.Concat(clauses, nodeAsyncs(major), nodeModules(major)) {
				t.Run(c.name, func(t *testing.T) { holdNode(t, c, "", version) })
			}
		})
	}
	t.Run("unconfined", func(t *testing.T) {
		if launcher(t, "").Isolation().Mode == sandbox.ModeProcess {
			t.Skip("all are")
		}
		for _, c := range quick {
			t.Run(c.name, func(t *testing.T) { holdNode(t, c, "process", "") })
		}
	})
}

// holdNode holds a version to a clause.
func holdNode(t *testing.T, c clause, mode, version string) {
	t.Parallel()
	fn := fc.Function{FunctionName: "hello", Timeout: c.timeout}
	if c.initializer != "" {
		fn.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{
			Initializer: &fc.LifecycleHook{Handler: c.initializer, Timeout: orElse(c.timeout, 20)},
		}
	}
	cfg, logs := nodeConfig(t, mode, version, c.handler, fn)
	cfg.Grace = orElse(c.grace, cfg.Grace)
	c.run(t, cfg, logs, version)
}

// nodeAsyncs are for versions that know async functions.
func nodeAsyncs(major int) []clause {
	if major < 8 {
		return nil
	}
	return []clause{
		succession("an async function", "asyncs.handler", step{event: "e", body: `{"got":"e"}`}),
		succession("an async function without result", "asyncs.nothing", step{}),
		succession("an async function that throws", "asyncs.fail", nodeFailure("Error", "after a while").having("/code/asyncs.js:").logging(
			"<time> <id> [error] Error: after a while", failed)),
		{name: "an async initializer", handler: "asyncs.ready", initializer: "asyncs.initialize", steps: []step{{body: "hello"}}},
	}
}

// nodeModules are the ES modules, or what is said where there are none.
func nodeModules(major int) []clause {
	if major < 14 {
		return []clause{succession("an ES module", "early.handler", step{
			errorType: fc.ErrorTypeUnhandled, has: []string{`"errorMessage":"'early.mjs' is an ES module, which Node.js `, "use nodejs14 or newer", "ImportModuleError"},
		})}
	}
	clauses := []clause{
		succession("an ES module", "plain.handler", step{event: "e", body: "plain.mjs got e"}, step{event: "f", body: "plain.mjs got f"}),
		succession("an ES module with a callback", "plain.callback", step{body: "by callback"}),
		succession("an ES module that throws", "plain.fail", nodeFailure("Error", "in a module").having("file:///code/plain.mjs:")),
		succession("an ES module without the handler", "plain.nobody", nodeFailure("HandlerNotFound", "Handler 'nobody' is missing on module 'plain'")),
		succession("an ES module that can't be read", "broken.handler", nodeFailure("UserCodeSyntaxError", "Unexpected end of input").having(`"/code/broken.mjs:2"`, `"SyntaxError: `)),
		succession("an ES module that imports one", "broken_deep.handler", nodeFailure("UserCodeSyntaxError", "Unexpected token '='").having(`"/code/esm/broken.js:3","const mark = = 2"`)),
		succession("an ES module that imports nothing", "broken_module.handler", step{
			errorType: fc.ErrorTypeUnhandled, has: []string{`"errorType":"ImportModuleError"`, "/code/there_is_no_such_file.mjs"},
		}),
		succession("a package of type module", "esm/deep/index.handler", step{body: "undefined"}),
		succession("CommonJS in a package of type module", "esm/legacy.handler", step{body: "function"}),
	}
	if major >= 15 {
		clauses = append(clauses, succession("a promise that nobody waits for", "clauses.unhandled", nodeFailure("Error", "nobody waits"), nodeFailure("Error", "nobody waits")))
	}
	return clauses
}
