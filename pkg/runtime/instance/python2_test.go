package instance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

// python2Clauses are what Python 2.7, whose text is bytes, gives.
func python2Clauses() []clause {
	wrong := failure("ValueError", "wrong: x", 1)
	wrong.event = "x"
	wrong.has = []string{`"File \"/code/clauses.py\""`, `"in fail"`, `raise ValueError`}
	wrong.log = []string{
		"FC Invoke Start RequestId: <id>", "<time> <id> [ERROR] Traceback (most recent call last):",
		`  File "/code/clauses.py", line <n>, in fail`, "ValueError: wrong: x", failed,
	}
	exit := step{errorType: fc.ErrorTypeUnhandled, ends: true, has: []string{"Process exited unexpectedly before completing request"}}
	with := func(lines ...string) step { s := exit; s.log = lines; return s }
	missing := failure("ImportModuleError", "Unable to import module 'broken_import'", 1)
	missing.log = []string{"<time> <id> [ERROR] ImportModuleError: Unable to import module 'broken_import'", "ImportError: No module named there_is_no_such_module", failed}
	return []clause{
		{name: "bytes as they are", handler: "clauses.echo", steps: []step{
			{event: "hello", body: "hello", log: framed()}, {event: "\x00\xff\r\n\r\n", body: "\x00\xff\r\n\r\n"}, {event: "", body: ""},
		}},
		{name: "the event is bytes", handler: "clauses.event_type", steps: []step{{event: "x", body: "str"}}},
		{name: "unicode is UTF-8", handler: "clauses.text", steps: []step{{body: "grüße 你好"}}},
		{name: "text as it is", handler: "clauses.native_text", steps: []step{{body: "grüße 你好"}}},
		{name: "None is null", handler: "clauses.nothing", steps: []step{{body: "null"}}},
		{name: "a binary result", handler: "clauses.raw", steps: []step{{size: 256, has: []string{"\x00\x01\x02", "\xfe\xff"}}}},
		{name: "a bytearray", handler: "clauses.array", steps: []step{{body: "abc"}}},
		{name: "a memoryview", handler: "clauses.view", steps: []step{{body: "abc"}}},
		{name: "a long number", handler: "clauses.number", steps: []step{{body: "42"}}},
		{name: "a document", handler: "clauses.document", steps: []step{{has: []string{"{\n    \"a\": ["}, json: map[string]any{
			"a": []any{"2024-02-29", "2024-02-29T01:02:03"}, "b": 1.5, "c": map[string]any{"x": 1.0}, "d": nil, "e": true, "f": "你",
		}}}},
		{name: "large payloads", handler: "clauses.echo", timeout: 60, steps: []step{
			{event: strings.Repeat("0123456789", 700_000), body: strings.Repeat("0123456789", 700_000)}, {event: "next", body: "next"},
		}},
		{name: "a result that is too large", handler: "clauses.big", timeout: 60, steps: []step{
			{event: fmt.Sprint(fc.MaxSyncBody + 1), errorType: fc.ErrorTypeUnhandled, has: []string{"larger than 33554432 bytes"}},
			{event: "2", body: "xx"},
		}},
		{name: "an exception", handler: "clauses.fail", steps: []step{wrong, wrong}},
		{name: "an exception with unicode", handler: "clauses.fail_unicode", steps: []step{failure("ValueError", "wrong: 你", 1)}},
		{name: "the trace is the user's", handler: "clauses.fail_deep", steps: []step{failure("KeyError", "'deep'", 2)}},
		{name: "a class of the old style", handler: "clauses.old_style", steps: []step{failure("OldStyle", "of the old style", 1), failure("OldStyle", "of the old style", 1)}},
		{name: "an exception without text", handler: "clauses.unprintable", steps: []step{failure("Unprintable", "<unprintable Unprintable object>", 1)}},
		{name: "KeyboardInterrupt", handler: "clauses.interrupt", steps: []step{failure("KeyboardInterrupt", "by hand", 1)}},
		{name: "endless recursion", handler: "clauses.recursion", steps: []step{{errorType: fc.ErrorTypeUnhandled, kind: "RuntimeError", frames: 65}}},
		{name: "an unserialisable result", handler: "clauses.unserialisable", steps: []step{failure("TypeError", "Object of type object is not JSON serializable", 0)}},
		{name: "a document with bytes", handler: "clauses.not_text", steps: []step{{errorType: fc.ErrorTypeUnhandled, kind: "UnicodeDecodeError", frames: -1}}},
		{name: "a syntax error", handler: "broken_syntax.handler", steps: []step{failure("UserCodeSyntaxError", "Syntax error in module 'broken_syntax'", 1)}},
		{name: "an import error", handler: "broken_import.handler", steps: []step{missing, missing}},
		{name: "no such module", handler: "nowhere.handler", steps: []step{failure("ImportModuleError", "Unable to import module 'nowhere'", 0)}},
		{name: "a module that fails", handler: "broken_module.handler", steps: []step{failure("UserCodeError", `Module initialization error: 'u'\u4f60''`, 1)}},
		{name: "a failed import is not remembered", handler: "flaky_module.handler", steps: []step{
			failure("UserCodeError", "Module initialization error: 'first time'", 1), {body: "second time"},
		}},
		{name: "no such handler", handler: "clauses.nobody", steps: []step{failure("HandlerNotFound", "Handler 'nobody' is missing on module 'clauses'", 0)}},
		{name: "a handler without a dot", handler: "clauses", steps: []step{failure("InvalidHandleName", "Invalid handler 'clauses'", 0)}},
		{name: "a handler in a folder's package", handler: "sub/pkg.mod.handler", steps: []step{{body: "from a package, sibling"}}},
		{name: "sys.exit", handler: "clauses.system_exit", steps: []step{with("FC Invoke Start RequestId: <id>", "leaving", failed)}},
		{name: "os._exit", handler: "clauses.hard_exit", steps: []step{with("FC Invoke Start RequestId: <id>", "so far")}},
		{name: "the time is over", handler: "clauses.sleep", timeout: 1, steps: []step{{
			errorType: fc.ErrorTypeTimeout, ends: true, has: []string{"Function timed out after 1 seconds"},
			log: []string{"FC Invoke Start RequestId: <id>", "Dumping stack trace after function timeout", `  File "/code/clauses.py", line <n>, in sleep`, "    time.sleep(float(event or 60))"},
		}}},
		{name: "signals of the function's own", handler: "clauses.alarm", steps: []step{{body: "set"}, {body: "set"}}},
		{name: "what is printed", handler: "clauses.prints", steps: []step{{log: framed("to stdout 你好", "to stderr", "no newline")}}},
		{name: "many lines", handler: "clauses.many_lines", steps: []step{{tail: true, log: []string{"line 0", "line 1", "line 1999", "FC Invoke End RequestId: <id>"}}}},
		{name: "a closed stdout", handler: "clauses.closes", steps: []step{{body: "fine"}, {body: "fine"}}},
		{name: "logging", handler: "clauses.logs", steps: []step{{log: framed(
			"<time> <id> [INFO] an info 1", "<time> <id> [WARNING] two", "lines", "<time> <id> [ERROR] by context 你",
			"<time> <id> [ERROR] bytes 你 \uFFFD", "<time> <id> [ERROR] caught", "Traceback (most recent call last):", "ValueError: inside",
			"<time> <id> [INFO] still ours",
		)}}},
		{name: "threads of the function", handler: "clauses.background", steps: []step{{body: "<id>"}}},
		{name: "child processes", handler: "clauses.child", steps: []step{{body: "from a child\n"}}},
		{name: "the context", handler: "clauses.context_fields", steps: []step{{json: map[string]any{
			"request_id": "<id>", "name": "hello", "handler": "clauses.context_fields", "memory": 512.0, "timeout": "20",
			"region": "cn-hangzhou", "account_id": "1234567890", "service": "svc", "qualifier": "LATEST", "version": "",
			"project": "", "store": "", "key": "KEY", "secret": "SECRET", "token": "TOKEN", "retries": 0.0,
			"baggages": map[string]any{}, "secret in repr": false,
		}}}},
		{name: "the environment", handler: "clauses.environment", steps: []step{{json: map[string]any{
			"reserved": []any{"FC_FUNCTION_MEMORY_SIZE", "FC_FUNC_CODE_PATH"}, "mine": "yes", "key": "KEY", "version": []any{2.0, 7.0},
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
	}
}

func TestPython2(t *testing.T) {
	t.Parallel()
	python(t, "2.7")
	for _, c := range python2Clauses() {
		t.Run(c.name, func(t *testing.T) { hold(t, c, "python2", "2.7", "") })
	}
}

func python2Config(t *testing.T, handler string, fn fc.Function) (Config, *collected) {
	t.Helper()
	python(t, "2.7")
	fn.Runtime, fn.Handler = "python2.7", handler
	return config(t, "", "testdata/python2", fn)
}

// TestPython2IsSerial: more than one invocation at a time come one after the
// other, as there is one thread.
func TestPython2IsSerial(t *testing.T) {
	cfg, logs := python2Config(t, "clauses.sleep", fc.Function{InstanceConcurrency: 3})
	i := start(t, cfg)
	results := make(chan error, 3)
	for n := range 3 {
		go func() {
			res, err := i.Invoke(t.Context(), &Invocation{RequestID: fmt.Sprint("rid-", n), Event: []byte("0.05")})
			if err == nil && string(res.Body) != "slept" {
				err = fmt.Errorf("%s %s", res.ErrorType, res.Body)
			}
			results <- err
		}()
	}
	for range 3 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	for n := range 3 {
		id := fmt.Sprint("rid-", n)
		checkLog(t, framed(), logs.of(id), id)
	}
}

func TestPython2WSGI(t *testing.T) {
	cfg, _ := python2Config(t, "clauses.wsgi", fc.Function{})
	cfg.HTTPParams = true
	srv, _ := serveInstance(t, start(t, cfg))
	req, err := http.NewRequest("POST", srv.URL+"/p%20%E4%BD%A0/r?x=1&y=2", strings.NewReader("the body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header["X-One"] = []string{"1", "2"}
	req.Host = "web.example.com"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 201 || !slices.Equal(resp.Header["Set-Cookie"], []string{"a=1", "b=2"}) {
		t.Errorf("%s %v %v", resp.Status, resp.Header, err)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	want := map[string]any{
		"REQUEST_METHOD": "POST", "PATH_INFO": "/p 你/r", "QUERY_STRING": "x=1&y=2", "CONTENT_TYPE": "application/octet-stream",
		"CONTENT_LENGTH": "8", "HTTP_X_ONE": "1,2", "HTTP_HOST": "web.example.com", "REMOTE_ADDR": "127.0.0.1",
		"SERVER_NAME": "FCRUNTIME", "SERVER_PORT": "9000", "SERVER_PROTOCOL": "HTTP/1.1", "fc.request_uri": "/p%20%E4%BD%A0/r?x=1&y=2",
		"MINE": "yes", "HTTP_X_FC_FUNCTION_HANDLER": "clauses.wsgi", "HTTP_X_FC_REGION": nil, "wsgi.url_scheme": "http",
		"body": "the body", "request_id": "http-1", "all native": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environ (-want +got):\n%s", diff)
	}
	for handler, want := range map[string]string{
		"clauses.wsgi_bytes": "first second", "clauses.wsgi_silent": "start_response was not called", "clauses.wsgi_fails": "in wsgi",
	} {
		cfg, _ := python2Config(t, handler, fc.Function{})
		cfg.HTTPParams = true
		srv, result := serveInstance(t, start(t, cfg))
		resp, err := http.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s %s %v", handler, resp.Status, body, err)
		}
		if res := result(); res.Written != (resp.StatusCode == 200) {
			t.Errorf("%s: %+v", handler, res)
		}
	}
}
