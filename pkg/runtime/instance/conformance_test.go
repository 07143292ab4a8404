package instance

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

// clause is a rule of the contract between the platform and a language runtime,
// shown by a handler of testdata/<language>. The next language brings the same
// handlers and is held to the same clauses.
type clause struct {
	name        string
	handler     string
	initializer string
	timeout     int           // seconds
	grace       time.Duration // how long it may take to end when it is to; 0 is the tests' own
	steps       []step
}

// step is one invocation and what it must give.
type step struct {
	event string
	body  string         // exactly
	json  map[string]any // the body's content
	has   []string       // parts of the body
	lacks []string       // parts that neither the body nor the log's tail has
	size  int            // of the body

	errorType string // of the result; with it, of the error document:
	kind      string // its errorType
	message   string // its errorMessage
	frames    int    // how many its stackTrace has; -1 for any

	log  []string // lines that must be there, in order; <id>, <time>
	tail bool     // the log tail is full
	ends bool     // the instance ends with it
}

func failure(kind, message string, frames int) step {
	return step{errorType: fc.ErrorTypeUnhandled, kind: kind, message: message, frames: frames}
}

// framed is a whole log: what was printed between the markers.
func framed(lines ...string) []string {
	return append(append([]string{"FC Invoke Start RequestId: <id>"}, lines...), "FC Invoke End RequestId: <id>")
}

var failed = "FC Invoke End RequestId: <id>, Error: Unhandled function error"

func results() []clause {
	return []clause{
		{name: "bytes as they are", handler: "clauses.echo", steps: []step{
			{event: "hello", body: "hello", log: framed()}, {event: "\x00\xff\r\n\r\n", body: "\x00\xff\r\n\r\n"}, {event: "", body: ""},
		}},
		{name: "the event is bytes", handler: "clauses.event_type", steps: []step{{event: "x", body: "bytes"}, {body: "bytes"}}},
		{name: "text is UTF-8", handler: "clauses.text", steps: []step{{body: "grüße 你好"}}},
		{name: "None is null", handler: "clauses.nothing", steps: []step{{body: "null"}}},
		{name: "an empty result", handler: "clauses.empty", steps: []step{{body: ""}}},
		{name: "a binary result", handler: "clauses.raw", steps: []step{{size: 256, has: []string{"\x00\x01\x02", "\xfe\xff"}}}},
		{name: "a bytearray", handler: "clauses.array", steps: []step{{body: "abc"}}},
		{name: "a number", handler: "clauses.number", steps: []step{{body: "42"}}},
		{name: "a document is sorted and indented", handler: "clauses.document", steps: []step{{body: strings.Join([]string{
			"{", `    "a": [`, `        "2024-02-29",`, `        "2024-02-29T01:02:03"`, "    ],", `    "b": 1.5,`,
			`    "c": {`, `        "x": 1`, "    },", `    "d": null,`, `    "e": true`, "}",
		}, "\n")}}},
		{name: "large payloads", handler: "clauses.echo", timeout: 60, steps: []step{
			{event: strings.Repeat("0123456789", 700_000), body: strings.Repeat("0123456789", 700_000)}, {event: "next", body: "next"},
		}},
		{name: "the largest result", handler: "clauses.big", timeout: 60, steps: []step{{event: fmt.Sprint(fc.MaxSyncBody), size: fc.MaxSyncBody}}},
		{name: "a result that is too large", handler: "clauses.big", timeout: 60, steps: []step{
			{event: fmt.Sprint(fc.MaxSyncBody + 1), errorType: fc.ErrorTypeUnhandled, has: []string{"larger than 33554432 bytes"}},
			{event: "2", body: "xx"},
		}},
		{name: "threads of the function", handler: "clauses.background", steps: []step{{body: "<id>"}}},
		{name: "child processes", handler: "clauses.child", steps: []step{{body: "from a child\n"}}},
	}
}

func errorClauses() []clause {
	wrong := failure("ValueError", "wrong: x", 1)
	wrong.event = "x"
	wrong.has = []string{"{\n    \"errorMessage\"", `"File \"/code/clauses.py\""`, `"in fail"`, `raise ValueError`}
	wrong.log = []string{
		"FC Invoke Start RequestId: <id>", "<time> <id> [ERROR] Traceback (most recent call last):",
		`  File "/code/clauses.py", line <n>, in fail`, `    raise ValueError("wrong: " + event.decode())`, "ValueError: wrong: x", failed,
	}
	syntax := failure("UserCodeSyntaxError", "Syntax error in module 'broken_syntax'", -1)
	syntax.log = []string{"<time> <id> [ERROR] UserCodeSyntaxError: Syntax error in module 'broken_syntax'"}
	missing := failure("ImportModuleError", "Unable to import module 'broken_import'", 1)
	missing.log = []string{`  File "/code/broken_import.py", line <n>, in <module>`, "ModuleNotFoundError: No module named 'there_is_no_such_module'", failed}
	return []clause{
		{name: "an exception", handler: "clauses.fail", steps: []step{wrong, wrong}},
		{name: "the trace is the user's", handler: "clauses.fail_deep", steps: []step{failure("KeyError", "'deep'", 2)}},
		{name: "an unserialisable result", handler: "clauses.unserialisable", steps: []step{
			failure("TypeError", "Object of type object is not JSON serializable", 0),
		}},
		{name: "endless recursion", handler: "clauses.recursion", steps: []step{
			{errorType: fc.ErrorTypeUnhandled, kind: "RecursionError", frames: 65}, {errorType: fc.ErrorTypeUnhandled, kind: "RecursionError", frames: 65},
		}},
		{name: "an exception without text", handler: "clauses.unprintable", steps: []step{
			failure("Unprintable", "<unprintable Unprintable object>", 1),
		}},
		{name: "KeyboardInterrupt", handler: "clauses.interrupt", steps: []step{failure("KeyboardInterrupt", "by hand", 1)}},
		{name: "a syntax error", handler: "broken_syntax.handler", steps: []step{syntax}},
		{name: "an import error", handler: "broken_import.handler", steps: []step{missing, missing}},
		{name: "no such module", handler: "nowhere.handler", steps: []step{failure("ImportModuleError", "Unable to import module 'nowhere'", 0)}},
		{name: "a module that fails", handler: "broken_module.handler", steps: []step{
			failure("UserCodeError", "Module initialization error: ''key''", 1),
		}},
		{name: "a failed import is not remembered", handler: "flaky_module.handler", steps: []step{
			failure("UserCodeError", "Module initialization error: 'first time'", 1), {body: "second time"},
		}},
		{name: "no such handler", handler: "clauses.nobody", steps: []step{
			failure("HandlerNotFound", "Handler 'nobody' is missing on module 'clauses'", 0),
		}},
		{name: "a handler without a dot", handler: "clauses", steps: []step{failure("InvalidHandleName", "Invalid handler 'clauses'", 0)}},
		{name: "a handler with an empty end", handler: "clauses.", steps: []step{failure("InvalidHandleName", "Invalid handler 'clauses.'", 0)}},
		{name: "a handler in a folder's package", handler: "sub/pkg.mod.handler", steps: []step{{body: "from a package, sibling"}}},
	}
}

func endings() []clause {
	exit := step{errorType: fc.ErrorTypeUnhandled, ends: true, has: []string{"Process exited unexpectedly before completing request (duration: ", "maxMemoryUsage: "}}
	with := func(lines ...string) step { s := exit; s.log = lines; return s }
	return []clause{
		{name: "sys.exit", handler: "clauses.system_exit", steps: []step{with("FC Invoke Start RequestId: <id>", "leaving", failed)}},
		{name: "sys.exit with a text", handler: "clauses.system_exit_text", steps: []step{with(failed, "last words")}},
		{name: "os._exit", handler: "clauses.hard_exit", steps: []step{with("FC Invoke Start RequestId: <id>", "so far")}},
		{name: "a module that exits", handler: "broken_exit.handler", steps: []step{exit}},
		{name: "the time is over", handler: "clauses.sleep", timeout: 1, steps: []step{{
			errorType: fc.ErrorTypeTimeout, ends: true, has: []string{"Function timed out after 1 seconds (maxMemoryUsage: "},
			log: []string{
				"FC Invoke Start RequestId: <id>", "Dumping stack trace after function timeout",
				`  File "/code/clauses.py", line <n>, in sleep`, "    time.sleep(float(event or 60))",
			},
		}}},
	}
}

func surroundings() []clause {
	return []clause{
		{name: "the context", handler: "clauses.context_fields", steps: []step{{json: map[string]any{
			"request_id": "<id>", "name": "hello", "handler": "clauses.context_fields", "memory": 512.0, "timeout": "20",
			"region": "cn-hangzhou", "account_id": "1234567890", "service": "svc", "qualifier": "LATEST", "version": "",
			"project": "", "store": "", "key": "KEY", "secret": "SECRET", "token": "TOKEN", "retries": 0.0,
			"baggages": map[string]any{}, "secret in repr": false,
		}}}},
		{name: "the environment", handler: "clauses.environment", steps: []step{{json: map[string]any{
			"reserved": []any{
				"FC_ACCOUNT_ID", "FC_FUNCTION_HANDLER", "FC_FUNCTION_MEMORY_SIZE", "FC_FUNCTION_NAME", "FC_FUNCTION_VERSION",
				"FC_FUNC_CODE_PATH", "FC_INSTANCE_ID", "FC_QUALIFIER", "FC_REGION", "FC_SERVICE_NAME", "FC_VER_ID",
			},
			"mine": "yes", "pythonpath": nil, "key": "KEY", "tz": "UTC", "memory": "512", "instance": "c-",
		}}}},
		{name: "the search path", handler: "clauses.search_path", steps: []step{{json: map[string]any{
			"first": true, "cwd": true, "then": []any{"/python/lib/python<version>/site-packages", "python"}, "no runtime": true,
		}}}},
		{name: "the initializer runs once, first", handler: "clauses.add_two", initializer: "clauses.add_one", steps: []step{
			{body: "3", log: []string{"FC Initialize Start RequestId: <id>", "initializing for <id>", "FC Initialize End RequestId: <id>", "FC Invoke Start RequestId: <id>"}},
			{body: "5", log: framed()},
		}},
		{name: "an initializer that fails", handler: "clauses.add_two", initializer: "clauses.fail_to_initialize", steps: []step{{
			errorType: fc.ErrorTypeInitialization, kind: "RuntimeError", message: "no database", frames: 1, ends: true,
			log: []string{"FC Initialize Start RequestId: <id>", "FC Initialize End RequestId: <id>, Error: Unhandled function error"},
		}}},
		{name: "an initializer that takes too long", handler: "clauses.add_two", initializer: "clauses.initialize_long", timeout: 1, steps: []step{{
			errorType: fc.ErrorTypeInitialization, ends: true, has: []string{"Function initialization timed out after 1 seconds"},
		}}},
		{name: "an initializer that exits", handler: "clauses.add_two", initializer: "clauses.initialize_exit", steps: []step{{
			errorType: fc.ErrorTypeInitialization, ends: true, has: []string{"Process exited unexpectedly before completing request"},
		}}},
		{name: "an initializer that isn't there", handler: "clauses.add_two", initializer: "clauses.nobody", steps: []step{{
			errorType: fc.ErrorTypeInitialization, kind: "HandlerNotFound", message: "Handler 'nobody' is missing on module 'clauses'", ends: true,
		}}},
	}
}

func output() []clause {
	return []clause{
		{name: "what is printed", handler: "clauses.prints", steps: []step{{log: framed("to stdout", "to stderr", "no newline")}}},
		{name: "any character can be printed", handler: "clauses.prints_unicode", steps: []step{{log: framed(`你好 😀 \udc80`)}}},
		{name: "a closed stdout", handler: "clauses.prints_after_redirect", steps: []step{{body: "fine"}, {body: "fine"}}},
		{name: "logging", handler: "clauses.logs", steps: []step{{log: []string{
			"FC Invoke Start RequestId: <id>", "<time> <id> [INFO] an info 1", "<time> <id> [WARNING] two", "lines",
			"<time> <id> [ERROR] by context", "<time> <id> [ERROR] caught", "Traceback (most recent call last):",
			"ValueError: inside", "FC Invoke End RequestId: <id>",
		}}}},
		{name: "logging while the module loads", handler: "logs_at_import.handler", steps: []step{{
			log: framed("<time> <id> [INFO] at import"),
		}}},
		{name: "basicConfig changes nothing", handler: "clauses.basic_config", steps: []step{{body: "1", log: framed("<time> <id> [INFO] still ours")}}},
		{name: "a long line comes in pieces", handler: "clauses.long_line", steps: []step{{tail: true, log: []string{
			strings.Repeat("x", fc.MaxLogLine), strings.Repeat("x", fc.MaxLogLine), strings.Repeat("x", fc.MaxLogLine), strings.Repeat("x", 100000-3*fc.MaxLogLine),
		}}}},
		{name: "many lines", handler: "clauses.many_lines", steps: []step{{tail: true, log: []string{"line 0", "line 1", "line 1999", "FC Invoke End RequestId: <id>"}}}},
		{name: "a flood doesn't hold the result back", handler: "clauses.flood", steps: []step{{body: "survived", tail: true}}},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	versions := []string{"3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"}
	all := slices.Concat(results(), errorClauses(), endings(), surroundings(), output())
	if testing.Short() {
		versions = []string{"3.6", "3.10", "3.13"}
	}
	for _, version := range versions {
		t.Run("python"+version, func(t *testing.T) {
			python(t, version)
			t.Parallel()
			for _, c := range all {
				t.Run(c.name, func(t *testing.T) { hold(t, c, "python3", version, "") })
			}
		})
	}
	t.Run("unconfined", func(t *testing.T) {
		version := anyPython(t)
		t.Parallel()
		for _, c := range all {
			t.Run(c.name, func(t *testing.T) { hold(t, c, "python3", version, "process") })
		}
	})
}

// hold holds a runtime to a clause.
func hold(t *testing.T, c clause, code, version, mode string) {
	fn := fc.Function{FunctionName: "svc$hello", Runtime: "python" + version, Handler: c.handler, Timeout: c.timeout}
	if c.initializer != "" {
		fn.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{
			Initializer: &fc.LifecycleHook{Handler: c.initializer, Timeout: orElse(c.timeout, 20)},
		}
	}
	cfg, logs := config(t, mode, "testdata/"+code, fn)
	c.run(t, cfg, logs, version)
}

// run runs the steps of a clause.
func (c clause) run(t *testing.T, cfg Config, logs *collected, version string) {
	t.Helper()
	i := start(t, cfg)
	for n, s := range c.steps {
		id := fmt.Sprintf("1-00000000-%08d-000000000000", n)
		res := call(t, i, &Invocation{RequestID: id, Event: []byte(s.event)})
		if s.ends {
			ended(t, i)
		}
		s.check(t, res, id, version)
		checkLog(t, s.log, logs.of(id), id)
		if !strings.HasSuffix(strings.Join(logs.of(id), "\n")+"\n", string(res.LogTail)) && !s.ends {
			t.Errorf("step %d: log tail %q is not the end of the log", n, res.LogTail)
		}
		if t.Failed() {
			t.Logf("step %d gave %s %.2000q\nlog:\n%.4000s", n, res.ErrorType, res.Body, strings.Join(logs.of(id), "\n"))
			return
		}
	}
}

// check compares a result with what a step must give.
func (s step) check(t *testing.T, res *Result, id, version string) {
	t.Helper()
	body := string(res.Body)
	if res.ErrorType != s.errorType {
		t.Errorf("error type %q, want %q", res.ErrorType, s.errorType)
	}
	if s.body != "" || s.errorType == "" && s.json == nil && s.has == nil && s.size == 0 && s.log == nil {
		if want := strings.ReplaceAll(s.body, "<id>", id); body != want {
			t.Errorf("body %.200q, want %.200q", body, want)
		}
	}
	if s.size != 0 && len(body) != s.size {
		t.Errorf("%d bytes, want %d", len(body), s.size)
	}
	for _, part := range s.has {
		if !strings.Contains(body, part) {
			t.Errorf("%q is not in the body", part)
		}
	}
	for _, part := range s.lacks {
		if strings.Contains(body+string(res.LogTail), part) {
			t.Errorf("%q is in the body or the log", part)
		}
	}
	if s.json != nil {
		var got map[string]any
		text := strings.NewReplacer(id, "<id>", "python"+version, "python<version>").Replace(body)
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(s.json, got); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
	}
	if s.kind != "" {
		s.checkError(t, body)
	}
	if s.tail && len(res.LogTail) != fc.MaxTailLog {
		t.Errorf("log tail of %d bytes", len(res.LogTail))
	}
	if res.Duration <= 0 || res.MaxMemoryMB <= 0 || res.InstanceID == "" {
		t.Errorf("not measured: %v, %v MB, instance %q", res.Duration, res.MaxMemoryMB, res.InstanceID)
	}
}

// checkError compares the error document, whose shape is the contract's.
func (s step) checkError(t *testing.T, body string) {
	t.Helper()
	var doc struct {
		ErrorMessage string     `json:"errorMessage"`
		ErrorType    string     `json:"errorType"`
		StackTrace   [][]string `json:"stackTrace"`
	}
	dec := json.NewDecoder(strings.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		t.Error(err)
	}
	if doc.ErrorType != s.kind || s.message != "" && doc.ErrorMessage != s.message {
		t.Errorf("error %s %q, want %s %q", doc.ErrorType, doc.ErrorMessage, s.kind, s.message)
	}
	if s.frames >= 0 && len(doc.StackTrace) != s.frames {
		t.Errorf("%d frames, want %d", len(doc.StackTrace), s.frames)
	}
	if s.frames == 0 && strings.Contains(body, "stackTrace") {
		t.Error("an empty stackTrace must be left out")
	}
	if strings.Contains(body, "bootstrap.py") || strings.Contains(body, "importlib") {
		t.Error("the trace shows the runtime's own frames")
	}
}

var lineNumber = regexp.MustCompile(`", line \d+, in `)

var javaLine = regexp.MustCompile(`\.java:\d+\)$`)

var timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3})?Z? `)

// checkLog checks that the lines come in that order, others between them.
func checkLog(t *testing.T, want, got []string, id string) {
	t.Helper()
	next := 0
	for _, line := range got {
		line = javaLine.ReplaceAllString(lineNumber.ReplaceAllString(line, `", line <n>, in `), ".java:<n>)")
		line = strings.ReplaceAll(timestamp.ReplaceAllString(line, "<time> "), id, "<id>")
		if next < len(want) && line == want[next] {
			next++
		}
	}
	if next < len(want) {
		t.Errorf("line %.200q is missing from the log, or not after the one before", want[next])
	}
}
