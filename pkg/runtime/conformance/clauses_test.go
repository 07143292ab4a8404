package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"s/pkg/fc"
)

// clause is a rule of the contract between the platform and a function's
// runtime.
type clause struct {
	id   string
	part string // heading in the table
	text string // what is promised
	// confined is set if it holds only where instances are confined.
	confined bool
	// slow is set if it takes a second or much memory: one version must do.
	slow bool
	run  func(*subject)
}

func clauses() []clause {
	var all []clause
	for _, part := range []struct {
		name string
		list []clause
	}{
		{"Events and results", results()},
		{"Errors", failures()},
		{"Ends", endings()},
		{"Surroundings", surroundings()},
		{"Lifecycle", lifecycle()},
		{"Output", output()},
		{"Concurrency", concurrency()},
		{"HTTP functions of FC 2.0", httpFunctions()},
	} {
		for _, c := range part.list {
			c.part = part.name
			all = append(all, c)
		}
	}
	return all
}

func results() []clause {
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	is := func(handler, body string) func(*subject) {
		return func(s *subject) { s.handler = handler; s.gives("1", s.word(body)) }
	}
	return []clause{
		{id: "event", text: "an event reaches the handler as it is, its result the caller", run: func(s *subject) {
			s.handler = "echo"
			s.gives("hello", "hello")
			s.gives("a\r\n\r\nb", "a\r\n\r\nb")
		}},
		{id: "event-bytes", text: "any byte may be in it", run: func(s *subject) {
			s.handler = "echo"
			s.gives(string(everyByte), string(everyByte))
		}},
		{id: "event-empty", text: "it may be empty, and so may the result", run: func(s *subject) {
			s.handler = "echo"
			s.gives("", "")
			s.gives("x", "x")
		}},
		{id: "event-large", slow: true, text: "7 MB in and out", run: func(s *subject) {
			s.handler = "echo"
			large := strings.Repeat("0123456789", 700_000)
			s.gives(large, large)
			s.gives("next", "next")
		}},
		{id: "result-text", text: "text is UTF-8", run: is("text", "grüße 你好 😀")},
		{id: "result-none", text: "no result", run: is("nothing", "<none>")},
		{id: "result-number", text: "a number is its digits", run: is("number", "42")},
		{id: "result-boolean", text: "a boolean is its name", run: is("boolean", "true")},
		{id: "result-document", text: "an object is JSON", run: func(s *subject) {
			s.handler = "document"
			got, _ := json.Marshal(s.object(""))
			if want := `{"a":[1,"two",null],"b":{"c":true},"d":1.5,"e":"ü"}`; string(got) != want {
				s.Errorf("%s, want %s", got, want)
			}
		}},
		{id: "result-largest", slow: true, text: "a result of 32 MB", run: func(s *subject) {
			s.handler, s.memory = "size", 2048
			if res := s.call(fmt.Sprint(fc.MaxSyncBody)); len(res.Body) != fc.MaxSyncBody || res.ErrorType != "" {
				s.Errorf("%s, %d bytes", res.ErrorType, len(res.Body))
			}
		}},
		{id: "result-too-large", slow: true, text: "a larger one is an error; the instance lives on", run: func(s *subject) {
			s.handler, s.memory = "size", 2048
			res := s.call(fmt.Sprint(fc.MaxSyncBody + 1))
			if res.ErrorType != fc.ErrorTypeUnhandled || !strings.Contains(string(res.Body), "larger than 33554432 bytes") {
				s.Errorf("%s %.200q", res.ErrorType, res.Body)
			}
			s.gives("2", "xx")
		}},
		{id: "state", text: "what a function keeps in memory is there for the next invocation", run: func(s *subject) {
			s.handler = "count"
			for n := 1; n <= 3; n++ {
				s.gives("", fmt.Sprint(n))
			}
		}},
		{id: "tmp", text: "what it writes to /tmp, too", run: func(s *subject) {
			s.handler = "temporary"
			s.gives("a", "a")
			s.gives("b", "ab")
		}},
		{id: "child", text: "it may start programs", run: func(s *subject) {
			s.handler = "child"
			s.gives("", "from a child")
		}},
		{id: "background", text: "its threads run on between invocations", run: func(s *subject) {
			s.handler = "background"
			s.gives("start", "started")
			s.gives("wait", "done")
		}},
		{id: "measured", text: "duration, memory and instance are reported", run: func(s *subject) {
			s.handler = "echo"
			if res := s.call(""); res.Duration <= 0 || res.MaxMemoryMB <= 0 || res.InstanceID != s.i.ID() || res.InitTime <= 0 {
				s.Errorf("%+v", res)
			}
			if res := s.call(""); res.InitTime != 0 {
				s.Errorf("the second invocation waited %v for the start", res.InitTime)
			}
		}},
	}
}

func failures() []clause {
	loading := func(handler, kind, message string) func(*subject) {
		return func(s *subject) {
			s.handler = handler
			s.fails("", kind, message)
			s.printed(s.end(failedEnd))
			s.replaced()
			s.fails("", kind, message)
		}
	}
	return []clause{
		{id: "error", text: "an error is a document with its type and message", run: func(s *subject) {
			s.handler = "fail"
			s.fails("wrong: x", "<error>", "wrong: x")
			s.fails("grün 你好 \" \\", "<error>", "grün 你好 \" \\")
		}},
		{id: "error-type", text: "the type is that of the user's own class", run: func(s *subject) {
			s.handler = "fail_type"
			s.fails("mine", "<own error>", "mine")
		}},
		{id: "error-trace", text: "its trace names the user's file and function", run: func(s *subject) {
			s.handler = "fail_deep"
			f := s.fails("deep", "<error>", "deep")
			for _, part := range []string{s.word("<file>"), s.word("<deep function>")} {
				if !strings.Contains(string(f.Trace), part) {
					s.Errorf("%q isn't in %s", part, f.Trace)
				}
			}
		}},
		{id: "error-frames", text: "and nothing of the runtime", run: func(s *subject) {
			s.handler = "fail_deep"
			f := s.fails("deep", "<error>", "deep")
			for _, part := range []string{"/var/fc", "bootstrap"} {
				if strings.Contains(string(f.Trace), part) || strings.Contains(strings.Join(s.logs.of(s.last), "\n"), part) {
					s.Errorf("%q is in %s\n%s", part, f.Trace, s.logs.all())
				}
			}
		}},
		{id: "error-log", text: "it is in the log, and the end line says so", run: func(s *subject) {
			s.handler = "fail"
			s.fails("wrong: x", "<error>", "wrong: x")
			s.printed("FC Invoke Start RequestId: "+s.last, "wrong: x", s.end(failedEnd))
		}},
		{id: "error-next", text: "the instance goes on", run: func(s *subject) {
			s.handler = "fail_odd"
			s.gives("2", "fine")
			s.fails("1", "<error>", "odd")
			s.gives("2", "fine")
		}},
		{id: "error-recursion", text: "endless recursion is an error, and the next invocation works", run: func(s *subject) {
			s.handler = "recurse"
			s.fails("x", "<recursion>", "*")
			s.replaced()
			s.gives("", "fine")
		}},
		{id: "error-result", text: "a result that can't be JSON is an error", run: func(s *subject) {
			s.handler = "unserialisable"
			s.fails("1", "<no json>", "*")
			s.fails("1", "<no json>", "*")
		}},
		{id: "load-module", text: "code that isn't there", run: loading("<missing module>", "<no module>", "<no module message>")},
		{id: "load-handler", text: "a handler that isn't in the code", run: loading("<missing handler>", "<no handler>", "<no handler message>")},
		{id: "load-name", text: "a handler whose name can't be one", run: loading("<wrong name>", "<bad name>", "<bad name message>")},
		{id: "load-syntax", text: "code with a syntax error", run: loading("<broken syntax>", "<syntax>", "<syntax message>")},
		{id: "load-import", text: "code that needs what isn't there", run: loading("<broken import>", "<import>", "<import message>")},
		{id: "load-fails", text: "code that fails while it is loaded", run: loading("<broken module>", "<load>", "<load message>")},
		{id: "load-exits", text: "code that exits while it is loaded", run: func(s *subject) {
			s.handler = "<broken exit>"
			s.ends("", fc.ErrorTypeUnhandled, "Process exited unexpectedly before completing request (duration: ")
		}},
		{id: "load-folder", text: "a handler in a folder", run: func(s *subject) {
			s.handler = "<in a folder>"
			s.gives("", "from a folder")
		}},
	}
}

func endings() []clause {
	exits := "Process exited unexpectedly before completing request (duration: "
	exit := func(handler, event string) func(*subject) {
		return func(s *subject) {
			s.handler = handler
			s.ends(event, fc.ErrorTypeUnhandled, exits, "maxMemoryUsage: ")
			s.handler = "echo"
			s.gives("the next", "the next")
		}
	}
	over := func(handler string) func(*subject) {
		return func(s *subject) {
			s.handler, s.timeout = handler, 1
			s.ends("", fc.ErrorTypeTimeout, "Function timed out after 1 seconds (maxMemoryUsage: ")
		}
	}
	return []clause{
		{id: "exit-0", text: "exit with 0 is an error; the next invocation has a new instance", run: exit("leave", "0")},
		{id: "exit-1", text: "exit with 1, too", run: exit("leave", "1")},
		{id: "exit-output", text: "what was printed before is in the log", run: func(s *subject) {
			s.handler = "leave"
			s.ends("3", fc.ErrorTypeUnhandled, exits)
			s.printed("leaving")
		}},
		{id: "exit-abort", text: "abort", run: exit("signal_process", "ABRT")},
		{id: "exit-segfault", text: "a segmentation fault", run: exit("signal_process", "SEGV")},
		{id: "exit-kill", text: "SIGKILL", run: exit("signal_process", "KILL")},
		{id: "timeout", text: "a handler that sleeps too long", run: over("sleep")},
		{id: "timeout-spin", slow: true, text: "an endless loop", run: over("spin")},
		{id: "timeout-deaf", slow: true, text: "a handler that ignores SIGTERM", run: over("deaf")},
		{id: "memory", text: "more memory than the function has ends it", run: func(s *subject) {
			s.handler, s.memory = "allocate", 256
			s.ends("2048", "*")
		}},
		{id: "orphan", text: "a program that it leaves in the background ends with the instance", run: func(s *subject) {
			s.handler = "orphan"
			s.env = map[string]string{"ORPHAN_OF": s.TempDir()}
			if res := s.call(""); res.ErrorType != "" {
				s.Fatalf("%s %.200q", res.ErrorType, res.Body)
			}
			if living(s.env["ORPHAN_OF"], "sleep") == 0 {
				s.Skip("the processes of instances can't be looked at here")
			}
			s.stop()
			if n := living(s.env["ORPHAN_OF"], ""); n > 0 {
				s.Errorf("%d processes are left", n)
			}
		}},
	}
}

func surroundings() []clause {
	return []clause{
		{id: "context", text: "request id, function, timeout and memory are told", run: func(s *subject) {
			s.handler, s.timeout = "context", 20
			got := s.object("")
			s.has(got, map[string]string{
				"requestId": s.last, "functionName": "hello", "handler": s.named("context"), "memory": "512", "timeout": "20",
			})
		}},
		{id: "context-account", text: "region and account", run: func(s *subject) {
			s.handler = "context"
			s.has(s.object(""), map[string]string{"region": "cn-hangzhou", "accountId": "1234567890"})
		}},
		{id: "context-service", text: "service, qualifier and version", run: func(s *subject) {
			s.handler = "context"
			s.has(s.object(""), map[string]string{"serviceName": "svc", "qualifier": "LATEST", "versionId": ""})
		}},
		{id: "context-credentials", text: "temporary credentials", run: func(s *subject) {
			s.handler = "context"
			s.has(s.object(""), map[string]string{"accessKeyId": "KEY", "accessKeySecret": "SECRET", "securityToken": "TOKEN"})
		}},
		{id: "environment", text: "FC's variables", run: func(s *subject) {
			s.handler = "environment"
			got := s.object("")
			s.has(got, map[string]string{
				"FC_ACCOUNT_ID": "1234567890", "FC_FUNCTION_HANDLER": s.named("environment"), "FC_FUNCTION_MEMORY_SIZE": "512",
				"FC_FUNCTION_NAME": "hello", "FC_INSTANCE_ID": s.i.ID(), "FC_QUALIFIER": "LATEST", "FC_REGION": "cn-hangzhou",
				"FC_SERVICE_NAME": "svc", "ALIBABA_CLOUD_ACCESS_KEY_ID": "KEY", "ALIBABA_CLOUD_SECURITY_TOKEN": "TOKEN",
			})
			if s.mode == "" && launcher(s, "").Isolation().Mode != "process" && got["FC_FUNC_CODE_PATH"] != "/code/" {
				s.Errorf("FC_FUNC_CODE_PATH is %v", got["FC_FUNC_CODE_PATH"])
			}
		}},
		{id: "environment-own", text: "the function's own", run: func(s *subject) {
			s.handler, s.env = "environment", map[string]string{"EQUALS": "a=b=c", "UMLAUT": "ü 你", "EMPTY": ""}
			got := s.object("")
			s.has(got, map[string]string{"MINE": "yes", "EQUALS": "a=b=c", "UMLAUT": "ü 你", "EMPTY": ""})
		}},
		{id: "environment-hidden", text: "not those between platform and runtime", run: func(s *subject) {
			s.handler, s.concurrency = "environment", 2
			got := s.object("")
			for _, key := range []string{"FC_RUNTIME_API", "FC_CONCURRENT_LIMIT", "FC_ENABLE_CONCURRENT_INVOKE", "_FC_LAYER_PATH"} {
				if v, ok := got[key]; ok {
					s.Errorf("%s=%v", key, v)
				}
			}
		}},
		{id: "environment-reserved", text: "reserved names can't be set", run: func(s *subject) {
			s.handler, s.env = "environment", map[string]string{"FC_REGION": "mine", "FC_MINE": "x"}
			got := s.object("")
			s.has(got, map[string]string{"FC_REGION": "cn-hangzhou", "FC_MINE": "<nil>"})
		}},
		{id: "environment-system", text: "time zone UTC, a UTF-8 locale", run: func(s *subject) {
			s.handler = "environment"
			s.has(s.object(""), map[string]string{"TZ": "UTC", "LANG": "C.UTF-8"})
		}},
		{id: "directory", text: "the working directory is the code's", run: func(s *subject) {
			s.handler = "places"
			if got := s.object(""); got["here"] != true {
				s.Errorf("%v", got)
			}
		}},
		{id: "read-only", text: "the code can't be written to", confined: true, run: func(s *subject) {
			s.handler = "places"
			if launcher(s, s.mode).Isolation().Mode == "process" {
				s.Skip("not confined on this machine")
			}
			if got := s.object(""); got["writable"] != false || got["cwd"] != "/code" {
				s.Errorf("%v", got)
			}
		}},
		{id: "layer-file", text: "a layer's files are in /opt", confined: true, run: func(s *subject) {
			s.handler, s.layer = "layer_file", "plain"
			if launcher(s, s.mode).Isolation().Mode == "process" {
				s.Skip("not confined on this machine")
			}
			s.gives("", "from a layer")
		}},
		{id: "layer-library", text: "its libraries are found", run: func(s *subject) {
			s.handler, s.layer = "layer_library", s.lang.name
			s.gives("", "a library of a layer")
		}},
		{id: "layer-program", text: "its programs are on PATH", confined: true, run: func(s *subject) {
			s.handler, s.layer = "layer_program", "plain"
			if launcher(s, s.mode).Isolation().Mode == "process" {
				s.Skip("not confined on this machine")
			}
			s.gives("", "a program of a layer")
		}},
	}
}

func lifecycle() []clause {
	fails := func(initializer string, says ...string) func(*subject) {
		return func(s *subject) {
			s.handler, s.initializer = "add_two", initializer
			s.ends("", fc.ErrorTypeInitialization, says...)
		}
	}
	return []clause{
		{id: "initializer", text: "the initializer runs once, before the first invocation", run: func(s *subject) {
			s.handler, s.initializer = "add_two", "add_one"
			s.gives("", "3")
			s.gives("", "5")
		}},
		{id: "initializer-log", text: "with markers of its own, under the id of that invocation", run: func(s *subject) {
			s.handler, s.initializer = "add_two", "add_one"
			s.gives("", "3")
			s.printed("FC Initialize Start RequestId: "+s.last, "initializing", "FC Initialize End RequestId: "+s.last, "FC Invoke Start RequestId: "+s.last)
		}},
		{id: "initializer-fails", text: "its error is the answer, the instance is replaced", run: func(s *subject) {
			fails("fail_to_initialize", "no database")(s)
			s.printed("FC Initialize Start RequestId: "+s.last, s.end(failedInitializer))
		}},
		{id: "initializer-timeout", text: "it has a timeout of its own", run: func(s *subject) {
			s.hookTimeout = 1
			fails("initialize_long", "Function initialization timed out after 1 seconds")(s)
		}},
		{id: "initializer-exits", text: "it may exit", run: fails("initialize_exit", "Process exited unexpectedly before completing request")},
		{id: "initializer-missing", text: "it may not be there", run: fails("<missing handler>")},
		{id: "pre-stop", text: "preStop runs before the instance ends", run: func(s *subject) {
			s.handler, s.preStop = "count", "stop_here"
			s.gives("", "1")
			s.stop()
			if all := s.logs.all(); !strings.Contains(all, "FC PreStop Start RequestId: ") || !strings.Contains(all, "stopping after 1") {
				s.Errorf("log:\n%s", all)
			}
		}},
		{id: "pre-stop-fails", text: "its error doesn't keep the instance", run: func(s *subject) {
			s.handler, s.preStop = "echo", "stop_fails"
			s.gives("x", "x")
			s.stop()
			if all := s.logs.all(); !strings.Contains(all, s.word("can't stop")) {
				s.Errorf("log:\n%s", all)
			}
		}},
		{id: "pre-stop-timeout", slow: true, text: "nor does it if it takes too long", run: func(s *subject) {
			s.handler, s.preStop, s.hookTimeout = "echo", "initialize_long", 1
			s.gives("x", "x")
			s.stop()
		}},
	}
}

func output() []clause {
	return []clause{
		{id: "log-markers", text: "a line at the beginning and one at the end", run: func(s *subject) {
			s.handler = "print_all"
			s.call("")
			lines := s.logs.of(s.last)
			want := []string{"FC Invoke Start RequestId: " + s.last, "FC Invoke End RequestId: " + s.last}
			if len(lines) < 2 || lines[0] != want[0] || !slices.Contains(lines, want[1]) {
				s.Errorf("%q", lines)
			}
		}},
		{id: "log-streams", text: "stdout and stderr are between them", run: func(s *subject) {
			s.handler = "print_all"
			s.call("")
			s.printed("FC Invoke Start", "to stdout", "FC Invoke End")
			s.printed("FC Invoke Start", "to stderr", "FC Invoke End")
		}},
		{id: "log-partial", text: "a line without an end is one, too", run: func(s *subject) {
			s.handler = "print_all"
			s.call("")
			s.printed("to stdout", "no newline")
		}},
		{id: "log-unicode", text: "any character may be in it", run: func(s *subject) {
			s.handler = "print_all"
			s.call("")
			s.printed("你好 😀")
		}},
		{id: "log-logger", text: "the logger's lines have time, request id and level", run: func(s *subject) {
			s.handler = "log"
			s.call("")
			for level, message := range map[string]string{"info": "an info", "warn": "a warning", "error": "an error"} {
				want := s.lang.logLine(s.last, level, message)
				if !slices.ContainsFunc(s.logs.of(s.last), func(line string) bool { return stamp.ReplaceAllString(line, "<time>") == want }) {
					s.Errorf("%q isn't in\n%s", want, s.logs.all())
				}
			}
		}},
		{id: "log-long", text: "a long line comes in pieces, nothing is lost", run: func(s *subject) {
			s.handler = "print_long"
			s.call("")
			if got := strings.Count(strings.Join(s.logs.of(s.last), ""), "x"); got < 100_000 {
				s.Errorf("%d of 100000 characters", got)
			}
		}},
		{id: "log-many", text: "2,000 lines come in order", run: func(s *subject) {
			s.handler = "print_many"
			s.call("")
			s.printed("line 0", "line 1", "line 1000", "line 1999", "FC Invoke End")
		}},
		{id: "log-tail", text: "the caller gets the last 4 KB", run: func(s *subject) {
			s.handler = "print_many"
			if res := s.call(""); len(res.LogTail) != fc.MaxTailLog || !strings.Contains(string(res.LogTail), "line 1999") {
				s.Errorf("%d bytes: %.200q", len(res.LogTail), res.LogTail)
			}
		}},
		{id: "log-flood", slow: true, text: "20 MB of output don't hold the result back", run: func(s *subject) {
			s.handler = "print_flood"
			s.gives("", "survived")
		}},
		{id: "log-closed", text: "a function may close its stdout", run: func(s *subject) {
			s.handler = "close_output"
			s.gives("", "fine")
			s.gives("", "fine")
		}},
		{id: "log-own", text: "an invocation's log has nothing of the one before", run: func(s *subject) {
			s.handler = "echo"
			s.gives("a", "a")
			first := len(s.logs.of(s.last))
			s.gives("b", "b")
			if got := s.logs.of(s.last); first == 0 || len(got) != first {
				s.Errorf("%q", got)
			}
		}},
	}
}
