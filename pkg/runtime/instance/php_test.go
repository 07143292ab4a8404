package instance

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"s/pkg/fc"
	"s/pkg/toolchain"
)

// phpConfig is that of a PHP function with that handler.
func phpConfig(t testing.TB, mode, handler string, fn fc.Function) (Config, *collected) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("managed runtimes need Unix")
	}
	_, err := tools().FindPHP(t.Context(), "7.2")
	var missing *toolchain.NotFoundError
	if errors.As(err, &missing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	fn.Runtime, fn.Handler = "php7.2", handler
	return config(t, mode, "testdata/php", fn)
}

// phpFailure is an error document of PHP; without a file the error has no place
// in the user's code.
func phpFailure(kind, message, file string) step {
	s := step{errorType: fc.ErrorTypeUnhandled, has: []string{`{"errorMessage":"` + message + `","errorType":"` + kind + `"`}, lacks: []string{"runtime.php"}}
	if file == "" {
		s.has[0] += "}"
	} else {
		s.has = append(s.has, `"stackTrace":{"file":"/code/`+file+`","line":`, `"traceString":"#0 `)
	}
	s.log = []string{"FC Invoke Start RequestId: <id>", "<time> <id> [ERROR] array (", "  'errorType' => '" + kind + "',", "FC Invoke End RequestId: <id>"}
	return s
}

func phpResults() []clause {
	return []clause{
		{name: "text as it is", handler: "clauses.echo_event", steps: []step{
			{event: "hello", body: "hello", log: framed()}, {event: "\x00\xff\r\n\r\n", body: "\x00\xff\r\n\r\n"}, {event: "", body: ""},
		}},
		{name: "the event is a string", handler: "clauses.event_type", steps: []step{{event: "x", body: "string"}, {body: "string"}}},
		{name: "null", handler: "clauses.nothing", steps: []step{{body: "null"}}},
		{name: "an empty result", handler: "clauses.nothing_at_all", steps: []step{{body: ""}}},
		{name: "a binary result", handler: "clauses.raw", steps: []step{{size: 256, has: []string{"\x00\x01\x02", "\xfe\xff"}}}},
		{name: "a number", handler: "clauses.number", steps: []step{{body: "42"}}},
		{name: "a document", handler: "clauses.document", steps: []step{{body: `{"b":1.5,"a":["grüße","你好"],"c":{"x":1},"d":null,"e":true,"u":"a\/b"}`}}},
		{name: "large payloads", handler: "clauses.echo_event", timeout: 60, steps: []step{
			{event: strings.Repeat("0123456789", 700_000), body: strings.Repeat("0123456789", 700_000)}, {event: "next", body: "next"},
		}},
		{name: "the largest result", handler: "clauses.big", timeout: 60, steps: []step{{event: fmt.Sprint(fc.MaxSyncBody), size: fc.MaxSyncBody}}},
		{name: "a result that is too large", handler: "clauses.big", timeout: 60, steps: []step{
			{event: fmt.Sprint(fc.MaxSyncBody + 1), errorType: fc.ErrorTypeUnhandled, has: []string{"larger than 33554432 bytes"}}, {event: "2", body: "xx"},
		}},
		{name: "child processes", handler: "clauses.child", steps: []step{{body: "from a child\n"}}},
		{name: "a static method", handler: "clauses.Point::handle", steps: []step{{body: "by a method"}}},
		{name: "a function in a folder and a namespace", handler: `sub/spaced.My\Own\handler`, steps: []step{{body: `My\Own\handler`}}},
	}
}

func phpErrors() []clause {
	wrong := phpFailure("OwnException", "wrong: x", "clauses.php")
	wrong.event = "x"
	wrong.has = append(wrong.has, `"traceString":"#0 {main}"`)
	deep := phpFailure("LogicException", "deep", "clauses.php")
	deep.has = append(deep.has, `#0 /code/clauses.php(`, `): inner('a secret that i...')`, `\n#1 {main}"`)
	ends := func(s step) step { s.ends = true; return s }
	exit := step{errorType: fc.ErrorTypeUnhandled, ends: true, has: []string{"Process exited unexpectedly before completing request"}}
	with := func(lines ...string) step { s := exit; s.log = lines; return s }
	syntax := phpFailure("ParseError", "syntax error, unexpected token ", "broken_syntax.php")
	syntax.has[0], _, _ = strings.Cut(syntax.has[0], `","errorType"`)
	memory := phpFailure("ErrorException", "Allowed memory size of 33554432 bytes exhausted", "clauses.php")
	memory.has[0], _, _ = strings.Cut(memory.has[0], `","errorType"`)
	memory.lacks = nil
	again := phpFailure("ErrorException", "Cannot redeclare echo_event()", "redeclare.inc")
	again.has[0], _, _ = strings.Cut(again.has[0], `","errorType"`)
	again.lacks = nil
	slow := phpFailure("ErrorException", "Maximum execution time of 1 second exceeded", "clauses.php")
	slow.event, slow.lacks = "loop", nil
	return []clause{
		{name: "an exception", handler: "clauses.fail", steps: []step{wrong, wrong}},
		{name: "an exception whose message isn't UTF-8", handler: "clauses.fail_bytes", steps: []step{phpFailure("OwnException", "\ufffd!", "clauses.php")}},
		{name: "the trace is the user's", handler: "clauses.fail_deep", steps: []step{deep}},
		{name: "an error of PHP", handler: "clauses.type_error", steps: []step{phpFailure("TypeError", "strlen(): Argument #1 ($string) must be of type string, array given", "clauses.php")}},
		{name: "a warning is an exception", handler: "clauses.warns", steps: []step{phpFailure("ErrorException", `Undefined array key \"b\"`, "clauses.php"), phpFailure("ErrorException", `Undefined array key \"b\"`, "clauses.php")}},
		{name: "an error of the user's", handler: "clauses.trigger", steps: []step{phpFailure("ErrorException", "by the user", "clauses.php")}},
		{name: "a hidden warning is none", handler: "clauses.hidden_warning", steps: []step{{body: "no file"}}},
		{name: "a deprecation is none", handler: "clauses.deprecated_warning", steps: []step{{body: "fine", log: framed()}}},
		{name: "an error handler of the function's own", handler: "clauses.own_handler", steps: []step{
			{body: "null", log: framed(`mine: Undefined array key "b"`)}, {body: "null", log: framed(`mine: Undefined array key "b"`)},
		}},
		{name: "an unserialisable result", handler: "clauses.unserialisable", steps: []step{
			phpFailure("InvalidResult", "the handler's result is no JSON: Malformed UTF-8 characters, possibly incorrectly encoded", ""),
		}},
		{name: "a syntax error", handler: "broken_syntax.handler", steps: []step{syntax, syntax}},
		{name: "a file that fails", handler: "broken_module.handler", steps: []step{ends(phpFailure("DomainException", "while loading", "broken_module.php"))}},
		{name: "a file that exits", handler: "broken_exit.handler", steps: []step{exit}},
		{name: "no such file", handler: "nowhere.handler", steps: []step{phpFailure("ImportModuleError", "Unable to import module 'nowhere': there is no file nowhere.php in the code", "")}},
		{name: "no such handler", handler: "clauses.nobody", steps: []step{phpFailure("HandlerNotFound", "Handler 'nobody' is missing on module 'clauses'", "")}},
		{name: "a handler without a dot", handler: "clauses", steps: []step{phpFailure("InvalidHandleName", "Invalid handler 'clauses'", "")}},
		{name: "a handler with an empty end", handler: "clauses.", steps: []step{phpFailure("InvalidHandleName", "Invalid handler 'clauses.'", "")}},
		{name: "exit", handler: "clauses.leaves", steps: []step{with("FC Invoke Start RequestId: <id>", "leaving", "FC Invoke End RequestId: <id>")}},
		{name: "die", handler: "clauses.dies", steps: []step{with("FC Invoke Start RequestId: <id>", "last words")}},
		{name: "out of memory", handler: "clauses.out_of_memory", steps: []step{ends(memory)}},
		{name: "a function declared twice", handler: "clauses.redeclare", steps: []step{ends(again)}},
		{name: "a time limit of the function's own", handler: "clauses.limited", steps: []step{{body: "done"}, {body: "done"}, ends(slow)}},
		{name: "the time is over", handler: "clauses.sleeps", timeout: 1, steps: []step{{
			errorType: fc.ErrorTypeTimeout, ends: true, has: []string{"Function timed out after 1 seconds"}, log: []string{"FC Invoke Start RequestId: <id>"},
		}}},
		{name: "php-cgi", handler: "clauses.cgi", steps: []step{{errorType: fc.ErrorTypeUnhandled, has: []string{"needs php-cgi, which doesn't run locally"}}}},
	}
}

func phpSurroundings() []clause {
	return []clause{
		{name: "what is printed", handler: "clauses.prints", steps: []step{{log: framed("to stdout 你好", "to stderr", "by error_log", "kept back", "no newline")}}},
		{name: "many lines", handler: "clauses.many_lines", steps: []step{{tail: true, log: []string{"line 0", "line 1", "line 1999", "FC Invoke End RequestId: <id>"}}}},
		{name: "a closed stdout", handler: "clauses.closes", steps: []step{{body: "fine", log: framed()}}},
		{name: "the logger", handler: "clauses.logs", steps: []step{{log: framed(
			"<time> <id> [INFO] an info", "<time> <id> [WARNING] two", "lines", `<time> <id> [ERROR] with context, 1 of {list}`,
			`<time> <id> [DEBUG] more {"key":"你"}`, "<time> <id> [NOTICE] older", "<time> <id> [WARNING] short", "<time> <id> [CRITICAL] by level",
		)}}},
		{name: "the logger has no such method", handler: "clauses.wrong_logger", steps: []step{{errorType: fc.ErrorTypeUnhandled, has: []string{"the logger has no method addNothing"}}}},
		{name: "the context", handler: "clauses.context_fields", steps: []step{{json: map[string]any{
			"requestId": "<id>", "region": "cn-hangzhou", "accountId": "1234567890",
			"credentials": map[string]any{"accessKeyId": "KEY", "accessKeySecret": "SECRET", "securityToken": "TOKEN"},
			"function": map[string]any{
				"name": "hello", "handler": "clauses.context_fields", "memory": 512.0, "timeout": 20.0, "initializer": "", "initializationTimeout": 0.0,
			},
			"service": map[string]any{"name": "svc", "logProject": "", "logStore": "", "qualifier": "LATEST", "versionId": ""},
			"tracing": map[string]any{"spanContext": "", "spanBaggages": []any{}, "jaegerEndpoint": ""},
		}}}},
		{name: "the environment", handler: "clauses.environment", steps: []step{{json: map[string]any{
			"reserved": []any{
				"FC_ACCOUNT_ID", "FC_FUNCTION_HANDLER", "FC_FUNCTION_MEMORY_SIZE", "FC_FUNCTION_NAME", "FC_FUNCTION_VERSION",
				"FC_FUNC_CODE_PATH", "FC_INSTANCE_ID", "FC_QUALIFIER", "FC_REGION", "FC_SERVICE_NAME", "FC_VER_ID",
			},
			"getenv": true, "mine": "yes", "key": "KEY", "cwd": true, "dir": true, "memory": "512M", "global": true, "setting": "own", "extension": true,
		}}}},
		{name: "the initializer runs once, first", handler: "clauses.add_two", initializer: "clauses.add_one", steps: []step{
			{body: "3", log: []string{"FC Initialize Start RequestId: <id>", "initializing for <id>", "FC Initialize End RequestId: <id>", "FC Invoke Start RequestId: <id>"}},
			{body: "5", log: framed()},
		}},
		{name: "an initializer that fails", handler: "clauses.add_two", initializer: "clauses.fail_to_initialize", steps: []step{{
			errorType: fc.ErrorTypeInitialization, ends: true, has: []string{`"errorMessage":"no database","errorType":"RuntimeException"`},
			log: []string{"FC Initialize Start RequestId: <id>", "FC Initialize End RequestId: <id>"},
		}}},
	}
}

func TestPHP(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, mode string, clauses []clause) {
		t.Parallel()
		for _, c := range clauses {
			t.Run(c.name, func(t *testing.T) {
				fn := fc.Function{FunctionName: "svc$hello", Timeout: c.timeout}
				if c.initializer != "" {
					fn.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{Initializer: &fc.LifecycleHook{Handler: c.initializer, Timeout: 20}}
				}
				cfg, logs := phpConfig(t, mode, c.handler, fn)
				c.run(t, cfg, logs, "")
			})
		}
	}
	t.Run("confined", func(t *testing.T) { run(t, "", slices.Concat(phpResults(), phpErrors(), phpSurroundings())) })
	t.Run("unconfined", func(t *testing.T) { run(t, "process", phpErrors()) }) // the paths in traces
}

// TestPHPForks: a child of the function's that ends is not the end of the
// function.
func TestPHPForks(t *testing.T) {
	cfg, logs := phpConfig(t, "", "clauses.forks", fc.Function{})
	i := start(t, cfg)
	res := call(t, i, &Invocation{RequestID: "rid-a"})
	if strings.Contains(string(res.Body), "undefined function pcntl_fork") {
		t.Skip("this PHP has no pcntl")
	}
	if string(res.Body) != "parent" {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
	if ends := strings.Count(strings.Join(logs.of("rid-a"), "\n"), "FC Invoke End"); ends != 1 {
		t.Errorf("%d ends", ends)
	}
}

func TestPHPPreStop(t *testing.T) {
	cfg, logs := phpConfig(t, "", "clauses.add_two", fc.Function{InstanceLifecycleConfig: &fc.InstanceLifecycleConfig{
		PreStop: &fc.LifecycleHook{Handler: "clauses.stop", Timeout: 20},
	}})
	i := start(t, cfg)
	call(t, i, &Invocation{})
	i.Stop(t.Context())
	logs.mu.Lock()
	defer logs.mu.Unlock()
	if !slices.ContainsFunc(logs.lines, func(l LogLine) bool { return l.Message == "stopping, after 2" }) {
		t.Errorf("%+v", logs.lines)
	}
}

// TestPHPStandsIn: a newer PHP is warned of.
func TestPHPStandsIn(t *testing.T) {
	cfg, logs := phpConfig(t, "", "clauses.echo_event", fc.Function{})
	found, err := tools().FindPHP(t.Context(), "7.2")
	if err != nil {
		t.Fatal(err)
	}
	call(t, start(t, cfg), &Invocation{})
	text, _ := json.Marshal(logs.of(""))
	if want := "php 7.2 isn't on this machine: " + found.Version + " stands in"; strings.Contains(string(text), want) == found.Exact {
		t.Errorf("%s", text)
	}
}
