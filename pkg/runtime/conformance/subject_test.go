package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

// patience is how long a clause waits for what must happen.
const patience = 3 * time.Minute

// subject is one language, in one version, held to one clause. Its fields up to
// env may be changed until the first call.
type subject struct {
	*testing.T
	lang    *language
	runtime string           // python3.10
	mode    string           // of the sandbox; empty is the best there is
	spares  *instance.Spares // the first instance is made of one, if not nil

	handler     string // by the name that all languages share
	initializer string
	preStop     string
	hookTimeout int // s
	timeout     int // s
	memory      int // MB
	concurrency int
	http        bool // FC 2.0's HTTP functions
	layer       string
	env         map[string]string

	i    *instance.Instance
	last string // request id
	n    int
	logs logs
}

// logs is what instances printed.
type logs struct {
	mu    sync.Mutex
	lines []instance.LogLine
}

func (l *logs) add(line instance.LogLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

// of gives the lines of a request; "" is those of none.
func (l *logs) of(id string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, line := range l.lines {
		if line.RequestID == id {
			out = append(out, line.Message)
		}
	}
	return out
}

// all gives every line, with its request.
func (l *logs) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, line := range l.lines {
		fmt.Fprintf(&b, "%s: %.300s\n", line.RequestID, line.Message)
	}
	return b.String()
}

// named is how a handler's name is written in this language.
func (s *subject) named(name string) string {
	if name == "" {
		return ""
	}
	if h, ok := s.lang.handlers[name]; ok {
		return h
	}
	return s.lang.handler(name)
}

// config is that of the function under test.
func (s *subject) config() instance.Config {
	env := map[string]string{"MINE": "yes", "INITIALIZER": s.initializer, "PRE_STOP": s.preStop, "CLAUSE": s.handler}
	maps.Copy(env, s.lang.env)
	maps.Copy(env, s.env)
	fn := fc.Function{
		FunctionName: "svc$hello", Runtime: s.runtime, Handler: s.named(s.handler), MemorySize: max(s.memory, 512),
		Timeout: max(s.timeout, 1), InstanceConcurrency: max(s.concurrency, 1), EnvironmentVariables: env,
	}
	if s.timeout == 0 {
		fn.Timeout = 60
	}
	if s.memory != 0 {
		fn.MemorySize = s.memory
	}
	hooks := &fc.InstanceLifecycleConfig{}
	hook := func(name string) *fc.LifecycleHook {
		return &fc.LifecycleHook{Handler: s.named(name), Timeout: max(s.hookTimeout, 1)}
	}
	if s.hookTimeout == 0 {
		s.hookTimeout = 30
	}
	if s.initializer != "" {
		hooks.Initializer, fn.InstanceLifecycleConfig = hook(s.initializer), hooks
	}
	if s.preStop != "" {
		hooks.PreStop, fn.InstanceLifecycleConfig = hook(s.preStop), hooks
	}
	s.lang.adjust(&fn)
	if s.spares != nil {
		// The interpreter would read it before it has a function.
		maps.DeleteFunc(fn.EnvironmentVariables, func(name, _ string) bool { return strings.HasPrefix(name, "PYTHON") })
	}
	cfg := instance.Config{
		Function: fn, Qualifier: fc.LatestQualifier, Region: "cn-hangzhou", AccountID: "1234567890",
		AccessKeyID: "KEY", AccessKeySecret: "SECRET", SecurityToken: "TOKEN",
		WorkDir: s.TempDir(), Launcher: launcher(s, s.mode), Toolchain: tools(), Logs: s.logs.add,
		Grace: 2 * time.Second, HTTPParams: s.http, Spares: s.spares,
	}
	if s.lang.image != nil {
		cfg.Image = s.lang.image(s)
	} else {
		cfg.CodeDir = s.lang.folder(s)
	}
	if s.layer != "" {
		dir, err := filepath.Abs(filepath.Join("testdata", "layers", s.layer))
		s.ok(err)
		if s.layer == s.lang.name && s.lang.layer != nil {
			dir = s.lang.layer(s)
		}
		cfg.LayerDir = dir
	}
	return cfg
}

func (s *subject) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// start starts the instance, which ends with the clause.
func (s *subject) start() {
	s.Helper()
	cfg := s.config()
	spare := false
	if s.spares != nil {
		var err error
		spare, err = s.spares.Prepare(s.Context(), cfg)
		s.ok(err)
	}
	i, err := instance.Start(s.Context(), cfg)
	s.ok(err)
	s.Cleanup(i.Kill)
	s.i = i
	if spare && s.spares.Waiting() != 0 {
		s.Fatal("the instance wasn't made of the spare")
	}
}

func (s *subject) newID() string {
	s.n++
	return fmt.Sprintf("1-00000000-%08d-000000000000", s.n)
}

// invoke runs an invocation that must give a result.
func (s *subject) invoke(inv *instance.Invocation) *instance.Result {
	s.Helper()
	if s.i == nil {
		s.start()
	}
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	if inv.RequestID == "" {
		inv.RequestID = s.newID()
	}
	s.last = inv.RequestID
	res, err := s.i.Invoke(ctx, inv)
	if err != nil {
		s.Fatalf("%v\nlog:\n%s", err, s.logs.all())
	}
	return res
}

// call invokes the function with an event.
func (s *subject) call(event string) *instance.Result {
	s.Helper()
	return s.invoke(&instance.Invocation{Event: []byte(event)})
}

// gives checks that the function answers event with body.
func (s *subject) gives(event, body string) {
	s.Helper()
	res := s.call(event)
	if res.ErrorType != "" || string(res.Body) != body {
		s.Fatalf("%q gave %s %.200q, want %.200q\nlog:\n%s", shortened(event), res.ErrorType, res.Body, body, s.logs.all())
	}
}

// object checks that the function answers with a JSON object, and gives it.
func (s *subject) object(event string) map[string]any {
	s.Helper()
	res := s.call(event)
	var m map[string]any
	if err := json.Unmarshal(res.Body, &m); err != nil || res.ErrorType != "" {
		s.Fatalf("%s %.300q: %v\nlog:\n%s", res.ErrorType, res.Body, err, s.logs.all())
	}
	return m
}

func shortened(s string) string { return s[:min(len(s), 60)] }

// failure is an error document, whatever form its trace has.
type failure struct {
	Message string          `json:"errorMessage"`
	Type    string          `json:"errorType"`
	Trace   json.RawMessage `json:"stackTrace"`
}

// fails checks that the function answers event with an error document of a kind
// and message, in the language's own words, and gives the document.
func (s *subject) fails(event, kind, message string) failure {
	s.Helper()
	res := s.call(event)
	var f failure
	if err := json.Unmarshal(res.Body, &f); err != nil {
		s.Fatalf("%s %.300q: %v\nlog:\n%s", res.ErrorType, res.Body, err, s.logs.all())
	}
	wantKind, wantMessage := s.word(kind), s.word(message)
	if res.ErrorType != fc.ErrorTypeUnhandled || f.Type != wantKind || wantMessage != "*" && f.Message != wantMessage {
		s.Fatalf("%s: %s %q, want %s %q\nlog:\n%s", res.ErrorType, f.Type, f.Message, wantKind, wantMessage, s.logs.all())
	}
	return f
}

// word is how the language says something: "<null>".
func (s *subject) word(text string) string {
	if w, ok := s.lang.words[text]; ok {
		return w
	}
	return text
}

// The beginnings of the lines that end a failed invocation or initializer; words
// has those of languages that don't tell of the failure.
const (
	failedEnd         = "FC Invoke End RequestId: <id>, Error: Unhandled function error"
	failedInitializer = "FC Initialize End RequestId: <id>, Error: Unhandled function error"
)

// end is the line that ends the last invocation, which failed.
func (s *subject) end(line string) string { return strings.ReplaceAll(s.word(line), "<id>", s.last) }

// replaced has the instance end where the language can't go on after an error of
// the handler.
func (s *subject) replaced() {
	s.Helper()
	if slices.Contains(s.lang.replaced, s.handler) {
		s.over()
	}
}

// ends checks that the invocation ends the instance, with a result of a type, "*"
// for any, whose document says so.
func (s *subject) ends(event, errorType string, says ...string) {
	s.Helper()
	res := s.call(event)
	if res.ErrorType != errorType && (errorType != "*" || res.ErrorType == "") {
		s.Fatalf("%s %.200q, want %q\nlog:\n%s", res.ErrorType, res.Body, errorType, s.logs.all())
	}
	for _, part := range says {
		if !bytes.Contains(res.Body, []byte(part)) {
			s.Errorf("%q isn't in %.300q", part, res.Body)
		}
	}
	s.over()
	if s.Failed() {
		s.Logf("log:\n%s", s.logs.all())
	}
}

// over waits until nothing is left of the instance.
func (s *subject) over() {
	s.Helper()
	select {
	case <-s.i.Done():
	case <-time.After(patience):
		s.Fatal("the instance doesn't end")
	}
	s.i = nil
}

// stop ends the instance the gentle way.
func (s *subject) stop() {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	s.i.Stop(ctx)
	s.over()
}

// printed checks that lines of the last invocation contain these, in that order.
func (s *subject) printed(want ...string) {
	s.Helper()
	inOrder(s, s.logs.of(s.last), want)
}

func inOrder(s *subject, lines, want []string) {
	s.Helper()
	next := 0
	for _, line := range lines {
		if next < len(want) && strings.Contains(line, want[next]) {
			next++
		}
	}
	if next < len(want) {
		s.Errorf("%.200q is missing from the log, or not after the one before:\n%s", want[next], s.logs.all())
	}
}

// has checks the fields of an answer.
func (s *subject) has(got map[string]any, want map[string]string) {
	s.Helper()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if slices.Contains(s.lang.lacks, key) {
			continue
		}
		if fmt.Sprint(got[key]) != want[key] {
			s.Errorf("%s is %v, want %s", key, got[key], want[key])
		}
	}
}
