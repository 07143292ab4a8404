package instance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/proc/proctest"
	"s/pkg/toolchain"
)

// javaTools is what hack/setup fetched with Maven.
const javaTools = "../../../.tools/java"

// javaClasses are the handlers of testdata/java, compiled once.
var javaClasses = sync.OnceValues(func() (fstest.MapFS, error) {
	dir, err := os.MkdirTemp("", "instance-java")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	sources, err := filepath.Glob("testdata/java/src/*/*.java")
	if err != nil {
		return nil, err
	}
	args := append([]string{"--release", "8", "-Xlint:-options", "-encoding", "UTF-8", "-cp", javaTools + "/loader/*", "-d", dir}, sources...)
	if out, err := exec.Command("javac", args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("javac: %w: %s", err, out)
	}
	classes := fstest.MapFS{}
	return classes, fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		classes[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
})

// javaCode gives a function's folder: the handlers, and in lib those jars that
// match.
func javaCode(t testing.TB, jars ...string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("managed runtimes need Unix")
	}
	for _, program := range []string{"java", "javac"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	if _, err := os.Stat(javaTools); err != nil {
		t.Skipf("hack/setup fetches fc-java-core, with Maven: %v", err)
	}
	classes, err := javaClasses()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, classes); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, jar := range jars {
		found, err := filepath.Glob(javaTools + "/" + jar)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s isn't there: %v", jar, err)
		}
		for _, path := range found {
			data, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, "lib", filepath.Base(path)), data, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

const javaCore = "lib/fc-java-core-*.jar"

// javaFailure is an error document as Function Compute's Java runtime writes it.
func javaFailure(kind, message, cause string, log ...string) step {
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	return step{
		errorType: fc.ErrorTypeUnhandled, log: append(log, failed),
		has: []string{"{\n  \"errorMessage\" : " + quoted(message) + ",\n  \"errorType\" : " + quoted(kind) + ",\n  \"errorCause\" : " + quoted(cause)},
	}
}

// javaClauses are what Java's runtime has beside the clauses of all languages.
func javaClauses() []clause {
	oops := javaFailure("java.io.IOException", "oops", "oops", "<time> <id> [error] java.io.IOException: oops", "\tat clauses.Fails$Oops.handleRequest(Fails.java:<n>)")
	oops.has = append(oops.has, ",\n  \"stackTrace\" : [ \"clauses.Fails$Oops.handleRequest(Fails.java:", ")\" ]\n}")
	deep := javaFailure("java.lang.IllegalArgumentException", `wrong "number"`, `For input string: "x"`,
		`<time> <id> [error] java.lang.IllegalArgumentException: wrong "number"`, "\tat clauses.Fails$Deep.fail(Fails.java:<n>)", "\tat clauses.Fails$Failing.handleRequest(Fails.java:<n>)",
		`Caused by: java.lang.NumberFormatException: For input string: "x"`, "\tat clauses.Fails$Deep.fail(Fails.java:<n>)")
	recursion := step{errorType: fc.ErrorTypeUnhandled, has: []string{`"errorType" : "java.lang.StackOverflowError"`, "... 960 frames ..."}}
	memory := step{errorType: fc.ErrorTypeUnhandled, ends: true, has: []string{`"errorMessage" : "Java heap space"`, `"errorType" : "java.lang.OutOfMemoryError"`}}
	is := func(name, class string, s ...step) clause {
		return clause{name: name, handler: "clauses." + class + "::handleRequest", timeout: 60, steps: s}
	}
	says := func(text string) step { return step{errorType: fc.ErrorTypeUnhandled, has: []string{text}} }
	over := is("the time is over", "Fails$Sleep", step{
		errorType: fc.ErrorTypeTimeout, ends: true, has: []string{"Function timed out after 1 seconds (maxMemoryUsage: "},
		log: []string{"FC Invoke Start RequestId: <id>", "Dumping stack trace after function timeout", `Thread "main":`, "\tat clauses.Fails$Sleep.fail(Fails.java:<n>)"},
	})
	over.timeout = 1
	unfit := is("an initializer that isn't one", "Events$Echo", step{
		errorType: fc.ErrorTypeInitialization, ends: true, has: []string{"isn't initialize of com.aliyun.fc.runtime.FunctionInitializer"},
	})
	unfit.initializer = unfit.handler
	return []clause{
		is("the context", "Events$ContextFields", step{body: "<id>|KEY|SECRET|TOKEN|hello|clauses.Events$ContextFields::handleRequest||60000|512|svc|||LATEST||0||{}|"}),
		is("a stream that is taken away, and an interrupted thread", "Events$Closes", step{body: "fine", log: framed("before")}),
		is("levels of the logger", "Events$Logs", step{log: framed(
			"<time> <id> [trace] one", "<time> <id> [debug] two", "<time> <id> [info] three", "lines", "<time> <id> [warn] four", "<time> <id> [error] five", "<time> <id> [fatal] six",
		)}),
		is("an exception", "Fails$Oops", oops, oops),
		is("the cause", "Fails$Deep", deep),
		is("an exception whose methods throw", "Fails$Unprintable", says("Unprintable$Evil has no message")),
		is("endless recursion", "Fails$Recursion", recursion, recursion),
		is("a full heap ends the process", "Fails$OutOfMemory", memory),
		is("a static initializer that fails", "Fails$Static", javaFailure("java.lang.NumberFormatException", `For input string: "static"`, `For input string: "static"`)),
		is("no constructor without parameters", "Fails$Argument", says("Class 'clauses.Fails$Argument' has no constructor without parameters")),
		is("no handler", "Fails$NoHandler", says("NoHandler::handleRequest isn't handleRequest of com.aliyun.fc.runtime.StreamRequestHandler or PojoRequestHandler")),
		is("an HTTP handler of FC 2.0", "Web", says("requests of HTTP triggers of FC 2.0 only")),
		is("System.exit", "Fails$Exit", step{errorType: fc.ErrorTypeUnhandled, ends: true, log: []string{"FC Invoke Start RequestId: <id>", "leaving", failed}}),
		unfit, over,
	}
}

func TestJava(t *testing.T) {
	t.Parallel()
	code := javaCode(t, javaCore)
	for _, c := range javaClauses() {
		t.Run(c.name, func(t *testing.T) { holdJava(t, c, code) })
	}
}

// holdJava holds Java's runtime to a clause.
func holdJava(t *testing.T, c clause, code string) {
	fn := fc.Function{FunctionName: "svc$hello", Runtime: "java11", Handler: c.handler, Timeout: c.timeout}
	if c.initializer != "" {
		fn.InstanceLifecycleConfig = &fc.InstanceLifecycleConfig{Initializer: &fc.LifecycleHook{Handler: c.initializer, Timeout: 20}}
	}
	cfg, logs := config(t, "", code, fn)
	i := start(t, cfg)
	for n, s := range c.steps {
		id := fmt.Sprintf("1-00000000-%08d-000000000000", n)
		res := call(t, i, &Invocation{RequestID: id, Event: []byte(s.event)})
		if s.ends {
			ended(t, i)
		}
		s.check(t, res, id, "")
		checkLog(t, s.log, logs.of(id), id)
		if shown := string(res.Body) + strings.Join(logs.of(id), "\n"); strings.Contains(shown, "s.bootstrap") || strings.Contains(shown, "java.lang.reflect") {
			t.Error("the runtime's own frames are shown")
		}
		if t.Failed() {
			t.Logf("step %d gave %s %.2000q\nlog:\n%.4000s", n, res.ErrorType, res.Body, strings.Join(logs.of(id), "\n"))
			return
		}
	}
}

// TestJavaEnvironment: what is between platform and runtime isn't shown, the
// user's options are taken.
func TestJavaEnvironment(t *testing.T) {
	dir := javaCode(t, javaCore)
	proctest.Program(t, filepath.Join(dir, "wrap"), "#!/bin/sh\necho wrapped by $1\nshift\nexec \"$@\" more\n")
	cfg, logs := config(t, "", dir, fc.Function{
		FunctionName: "svc$hello", Runtime: "java8", Handler: "clauses.Events$Environment::handleRequest",
		EnvironmentVariables: map[string]string{
			"QUOTED": "it's\n\"two\" lines\nFC_ACCOUNT_ID=x", "JAVA_TOOL_OPTIONS": "-Dchosen=yes", "BOOTSTRAP_WRAPPER": "/code/wrap me",
		},
	})
	res := call(t, start(t, cfg), &Invocation{RequestID: "rid"})
	want := "[FC_ACCOUNT_ID, FC_FUNCTION_HANDLER, FC_FUNCTION_MEMORY_SIZE, FC_FUNCTION_NAME, FC_FUNCTION_VERSION, FC_FUNC_CODE_PATH, FC_INSTANCE_ID, " +
		"FC_QUALIFIER, FC_REGION, FC_SERVICE_NAME, FC_VER_ID] yes it's\n\"two\" lines\nFC_ACCOUNT_ID=x /code/ yes /code UTF-8 true"
	if got := strings.ReplaceAll(string(res.Body), cfg.CodeDir, "/code"); got != want { // without confinement
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, line := range []string{"wrapped by me", "Picked up JAVA_TOOL_OPTIONS: -Dchosen=yes", "FunctionCompute java runtime inited."} {
		if !slices.Contains(logs.of(""), line) {
			t.Errorf("no %q in %q", line, logs.of(""))
		}
	}
	java, err := tools().FindJava(t.Context(), "8")
	if err != nil {
		t.Fatal(err)
	}
	warned := slices.Contains(logs.of(""), "java 8 isn't on this machine: "+java.Version+" stands in")
	if !java.Exact != warned {
		t.Errorf("Java %s ran it: %q", java.Version, logs.of(""))
	}
}

// TestJavaHooks run when the instance stops.
func TestJavaHooks(t *testing.T) {
	hook := func(method string) *fc.LifecycleHook {
		return &fc.LifecycleHook{Handler: "clauses.Events$Counts::" + method, Timeout: 20}
	}
	cfg, logs := config(t, "", javaCode(t, javaCore), fc.Function{
		Runtime: "java11", Handler: "clauses.Events$Counts::handleRequest",
		InstanceLifecycleConfig: &fc.InstanceLifecycleConfig{Initializer: hook("initialize"), PreFreeze: hook("preFreeze"), PreStop: hook("preStop")},
	})
	i := start(t, cfg)
	call(t, i, &Invocation{RequestID: "rid"})
	i.Stop(t.Context())
	ended(t, i)
	var all []string
	for _, l := range logs.lines {
		all = append(all, l.Message)
	}
	if text := strings.Join(all, "\n"); !strings.Contains(text, "\nstopping after 3\nFC PreStop End RequestId: ") {
		t.Error(text)
	}
}

// TestJavaConcurrency: eight invocations that wait for each other, each with
// lines of its own.
func TestJavaConcurrency(t *testing.T) {
	cfg, logs := config(t, "", javaCode(t, javaCore), fc.Function{Runtime: "java11", Handler: "clauses.Events$Meet::handleRequest", InstanceConcurrency: 8, Timeout: 60})
	i := start(t, cfg)
	results := make(chan error, 8)
	for n := range 8 {
		go func() {
			event := fmt.Sprint("event ", n)
			res, err := i.Invoke(t.Context(), &Invocation{RequestID: fmt.Sprintf("rid-%d", n), Event: []byte(event)})
			if err == nil && string(res.Body) != "true "+event {
				err = fmt.Errorf("%d: %s %s", n, res.ErrorType, res.Body)
			}
			results <- err
		}()
	}
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	for n := range 8 {
		id := fmt.Sprintf("rid-%d", n)
		checkLog(t, framed("printed by <id>", "<time> <id> [info] logged"), logs.of(id), id)
	}
}

// TestJavaPojo maps JSON to objects by whatever library the function has.
func TestJavaPojo(t *testing.T) {
	t.Parallel()
	event := `{"name":"n\u00fc\ud83d\ude00","value":[1,2],"urgent":true,"parts":{"a":{"name":"p","value":1.5},"b":{"value":2}},"color":"GREEN",` +
		`"words":["x","y"],"numbers":[1,2147483648],"letter":"c","any":{"deep":[1,null,true,"s"]},"unknown":{"x":[1]}}`
	want := map[string]any{
		"name": "nü😀 6.5", "value": []any{1.0, 2.0}, "urgent": true, "color": "GREEN", "words": []any{"x", "y"}, "numbers": []any{1.0, 2147483648.0}, "letter": "c",
		"parts": map[string]any{"a": map[string]any{"name": "p", "value": 1.5}, "b": map[string]any{"value": 2.0}},
		"any":   map[string]any{"deep": []any{1.0, nil, true, "s"}},
	}
	for name, jars := range map[string][]string{
		"none": nil, "jackson": {"lib/jackson-*.jar"}, "gson": {"lib/gson-*.jar"}, "fastjson": {"lib/fastjson-*.jar"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, logs := config(t, "", javaCode(t, append(jars, javaCore)...), fc.Function{Runtime: "java17", Handler: "clauses.Pojos$Back::handleRequest"})
			i := start(t, cfg)
			res := call(t, i, &Invocation{RequestID: "rid", Event: []byte(event)})
			var got map[string]any
			if err := json.Unmarshal(res.Body, &got); err != nil {
				t.Fatalf("%v: %s", err, res.Body)
			}
			if parts, ok := got["parts"].(map[string]any); ok && parts["b"] != nil {
				delete(parts["b"].(map[string]any), "name") // null, or left out
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n%s\n%s", diff, res.Body, strings.Join(logs.of("rid"), "\n"))
			}
			if res := call(t, i, &Invocation{RequestID: "rid", Event: []byte("[")}); res.ErrorType != fc.ErrorTypeUnhandled || !strings.Contains(string(res.Body), "Exception") {
				t.Errorf("what is no JSON gives %s %s", res.ErrorType, res.Body)
			}
			if res := call(t, i, &Invocation{RequestID: "rid"}); string(res.Body) != "null" {
				t.Errorf("an empty event gives %s", res.Body)
			}
		})
	}
}

// TestJavaBeans: our own mapper says what doesn't fit, and where.
func TestJavaBeans(t *testing.T) {
	dir, instances := javaCode(t, javaCore), map[string]*Instance{}
	for _, tc := range []struct{ handler, event, want string }{
		{"Text", `{"a":1,"b":2}`, `"sum 3"`},
		{"Text", `{"a":1,"b":{}}`, "the event.b is an object, which is no java.lang.Integer"},
		{"Text", `{"a":1.5,"b":1}`, "the event.a is 1.5, which is no java.lang.Integer"},
		{"Text", `"x"`, "the event is a string, which is no java.util.Map"},
		{"Back", `{"value":[1,"x"]}`, "the event.value[1] is a string, which is no java.lang.Integer"},
		{"Back", `{"parts":{"a":[]}}`, `the event.parts.a is a list, which is no clauses.Pojos$Named`},
		{"Back", `{"color":"BLUE"}`, "No enum constant clauses.Pojos.Color.BLUE"},
		{"Back", `{"numbers":null,"letter":null}`, `"numbers":null`},
		{"Back", `{"any":01}`, "not JSON: unknown word '01' at character 9"},
		{"Back", `{"any":"\x"}`, "not JSON: an unknown escape at character 9"},
		{"Back", `{"any":1} x`, "not JSON: something behind the end at character 10"},
		{"Back", strings.Repeat("[", 100_000), "not JSON: more than 500 levels at character 500"},
		{"Itself", `1`, "the result contains itself: [Ljava.lang.Object;"},
	} {
		i := instances[tc.handler]
		if i == nil {
			cfg, _ := config(t, "", dir, fc.Function{Runtime: "java11", Handler: "clauses.Pojos$" + tc.handler + "::handleRequest"})
			i = start(t, cfg)
			instances[tc.handler] = i
		}
		res := call(t, i, &Invocation{RequestID: "rid", Event: []byte(tc.event)})
		if !strings.Contains(string(res.Body), tc.want) {
			t.Errorf("%s of %.100s gives %s, want %s", tc.handler, tc.event, res.Body, tc.want)
		}
	}
}

// TestJavaHTTP: requests of FC 2.0's HTTP triggers are a servlet's.
func TestJavaHTTP(t *testing.T) {
	cfg, _ := config(t, "", javaCode(t, javaCore), fc.Function{FunctionName: "svc$hello", Runtime: "java8", Handler: "clauses.Web::handleRequest"})
	cfg.HTTPParams = true
	srv, _ := serveInstance(t, start(t, cfg))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(path, form string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, srv.URL+path, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "web.example.com:81"
		req.Header = http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "X-Mine": {"mine"}, "X-Many": {"1", "2"}, "Cookie": {`a=b; c="d"`}, "Accept-Language": {"zh-CN, en;q=0.5"},
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
	resp, body := ask("/show?q=1&q=%E4%BD%A0", "field=a+b%26&empty")
	want := "POST|/show|q=1&q=%E4%BD%A0|http://web.example.com:81/show|1,你|a b&|mine|1,2|application/x-www-form-urlencoded|18|127.0.0.1|a=b|/show|127.0.0.1|zh-CN|web.example.com 81|-1|-1|grüße 你好"
	if body != want || resp.StatusCode != http.StatusCreated {
		t.Errorf("got  %d %s\nwant %s", resp.StatusCode, body, want)
	}
	for name, want := range map[string][]string{
		"Content-Type": {"text/plain;charset=UTF-8"}, "X-One": {"1", "2  X-Evil: yes"}, "Last-Modified": {"Thu, 01 Jan 1970 00:00:00 GMT"}, "Set-Cookie": {"k=v; Path=/; HttpOnly"},
	} {
		if diff := cmp.Diff(want, resp.Header[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for path, want := range map[string]string{
		"/error": "404 <html><body><h1>404</h1><p>no &lt;such&gt; thing</p></body></html>", "/redirect": "302 ", "/binary": "200 \x00\x01\xff", "/other": "200 ",
	} {
		if resp, body := ask(path, ""); fmt.Sprint(resp.StatusCode, " ", body) != want {
			t.Errorf("%s: %d %q, want %q", path, resp.StatusCode, body, want)
		}
	}
	if _, body := ask("/fail", ""); !strings.Contains(body, `"errorType" : "javax.servlet.ServletException"`) || strings.Contains(body, "s.bootstrap") {
		t.Errorf("a failure: %s", body)
	}
}

// TestJavaCore: functions bring their own fc-java-core: any version, but one.
func TestJavaCore(t *testing.T) {
	for jar, want := range map[string]string{
		"oldest/fc-java-core-1.0.0.jar": "hello", "lib/gson-*.jar": "com/aliyun/fc/runtime/StreamRequestHandler: fc-java-core must be packed with the function",
	} {
		cfg, _ := config(t, "", javaCode(t, jar), fc.Function{Runtime: "java11", Handler: "clauses.Events$Echo::handleRequest"})
		res := call(t, start(t, cfg), &Invocation{RequestID: "rid", Event: []byte("hello")})
		if !strings.Contains(string(res.Body), want) {
			t.Errorf("%s: %s %s", jar, res.ErrorType, res.Body)
		}
	}
}

// TestJavaPacked runs a function that is a jar beside the folder lib, and finds
// what a layer has.
func TestJavaPacked(t *testing.T) {
	dir := javaCode(t, javaCore)
	layer, jars := t.TempDir(), ""
	for _, d := range []string{layer, dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	jars = filepath.Join(layer, "java/lib")
	if err := os.MkdirAll(filepath.Dir(jars), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "lib"), jars); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("jar", "cf", filepath.Join(dir, "function.jar"), "-C", dir, "clauses").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.RemoveAll(filepath.Join(dir, "clauses")); err != nil {
		t.Fatal(err)
	}
	cfg, _ := config(t, "", dir, fc.Function{Runtime: "java11", Handler: "clauses.Events$Echo::handleRequest"})
	cfg.LayerDir = layer
	if res := call(t, start(t, cfg), &Invocation{RequestID: "rid", Event: []byte("hello")}); string(res.Body) != "hello" {
		t.Errorf("%s %s", res.ErrorType, res.Body)
	}
}

// TestJavaIsMissing says what was looked for, and where.
func TestJavaIsMissing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("managed runtimes need Unix")
	}
	cfg, _ := config(t, "", t.TempDir(), fc.Function{Runtime: "java11", Handler: "a.B::handleRequest"})
	cfg.Toolchain = &toolchain.Finder{System: []string{"/nowhere/jvm/*"}}
	_, err := Start(t.Context(), cfg)
	var api *fc.APIError
	if !errors.As(err, &api) || !strings.Contains(err.Error(), "java 11") || !strings.Contains(err.Error(), "/nowhere/jvm/*") {
		t.Errorf("%v", err)
	}
}

// TestJavaWebApplication runs a web application in the Tomcat that Function
// Compute's own fc-java-common starts in a function.
func TestJavaWebApplication(t *testing.T) {
	t.Parallel()
	dir := javaCode(t, "loader/*.jar")
	if err := os.CopyFS(filepath.Join(dir, "app"), os.DirFS("testdata/java/app")); err != nil {
		t.Fatal(err)
	}
	cfg, logs := config(t, "", dir, fc.Function{
		FunctionName: "svc$hello", Runtime: "java8", Handler: "web.Loader::handleRequest", Timeout: 60,
		InstanceLifecycleConfig: &fc.InstanceLifecycleConfig{Initializer: &fc.LifecycleHook{Handler: "web.Loader::initialize", Timeout: 60}},
	})
	cfg.HTTPParams = true
	srv, result := serveInstance(t, start(t, cfg))
	resp, err := http.Post(srv.URL+"/app/greeting?city=%E4%B8%8A%E6%B5%B7", "application/x-www-form-urlencoded", strings.NewReader("name=you"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if want := "hello you of 上海 at /greeting, /app"; err != nil || string(body) != want || resp.Header.Get("Set-Cookie") != "seen=yes" {
		t.Fatalf("%s %v %s; %+v\n%+v", resp.Status, resp.Header, body, result().ErrorType, logs.lines)
	}
	for path, want := range map[string]string{"/app/page.txt": "200 a static page\n", "/app/nowhere": "404 "} {
		resp, err := http.Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if got := fmt.Sprintf("%d %s", resp.StatusCode, body); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s %v", path, got, err)
		}
	}
}
