// The handlers of the tests of Go functions, in one program: the name that it
// is started by says which one runs. What is in runtime.go behaves as Function
// Compute's Go runtime does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

type greeting struct{ Name string }

type ownError struct{ code int }

func (e *ownError) Error() string { return fmt.Sprintf("code %d", e.code) }

var counter, busy atomic.Int64

func main() {
	name := filepath.Base(os.Args[0])
	if tool(name, os.Args[1:]) {
		return
	}
	switch name {
	case "exits":
		fmt.Println("no loop here")
		os.Exit(3)
	case "crashes":
		var m map[string]int
		m["x"] = 1
	}
	if clause, ok := os.LookupEnv("CLAUSE"); ok {
		f := functions{
			handler: conformance()[clause], initializer: hooks()[os.Getenv("INITIALIZER")], preStop: hooks()[os.Getenv("PRE_STOP")],
		}
		if port := os.Getenv("FC_SERVER_PORT"); port != "" {
			log.Fatal(listen(f, port))
		}
		start(f)
	}
	start(functions{
		handler: handlers()[name], initializer: initializers()[name],
		preStop: func(ctx context.Context) { fmt.Println("stopping, after", counter.Load()) },
	})
}

func handlers() map[string]any {
	return map[string]any{
		"main":      func(event []byte) (greeting, error) { return greeting{string(event)}, nil },
		"typed":     func(ctx context.Context, g greeting) (string, error) { return "hello " + g.Name, nil },
		"nothing":   func() {},
		"no_func":   42,
		"fails":     func() error { return errors.New("wrong") },
		"own_error": func(context.Context) (int, error) { return 0, &ownError{7} },
		"panics":    func(event []byte) { panic("at " + string(event)) },
		"background": func() {
			go func() { panic("not recovered") }()
			time.Sleep(time.Minute)
		},
		"leaves": func() { fmt.Println("leaving"); os.Exit(4) },
		"sleeps": func(event []byte) (string, error) {
			d, err := time.ParseDuration(string(event))
			time.Sleep(d)
			return "slept", err
		},
		"stubborn": func() {
			signal.Ignore(syscall.SIGTERM)
			fmt.Println("ignoring")
			time.Sleep(time.Minute)
		},
		"at_once": func(context.Context) (int64, error) {
			now := busy.Add(1)
			defer busy.Add(-1)
			time.Sleep(20 * time.Millisecond)
			return now, nil
		},
		"counts":      func() (int64, error) { return counter.Add(2), nil },
		"bad_start":   func() {},
		"context":     func(ctx context.Context) (*invocation, error) { return fromContext(ctx), nil },
		"environment": environment,
		"web":         web,
		"big":         func(n int) (string, error) { return strings.Repeat("x", n), nil },
	}
}

func web(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/silent" {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusCreated)
	}
	body, err := io.ReadAll(r.Body)
	fmt.Fprint(w, r.Method, " ", r.URL.Path, " ", r.URL.RawQuery, " ", r.Header.Get("X-One"), " ", r.Host, " ", string(body), " ", err)
}

func initializers() map[string]func(context.Context) {
	return map[string]func(context.Context){
		"counts":    func(ctx context.Context) { fmt.Println("initializing for", fromContext(ctx).RequestID); counter.Add(1) },
		"bad_start": func(context.Context) { panic("no database") },
	}
}

func environment() (map[string]any, error) {
	var reserved []string
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "FC_") {
			reserved = append(reserved, name)
		}
	}
	dir, err := os.Getwd()
	return map[string]any{"reserved": reserved, "dir": dir, "mine": os.Getenv("MINE"), "processors": runtime.GOMAXPROCS(0), "path": os.Getenv("FC_FUNC_CODE_PATH")}, err
}
