package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// raw is a handler whose result isn't made JSON.
type raw func(event []byte) ([]byte, error)

// Mine is an error type of the program's own.
type Mine string

func (m Mine) Error() string { return string(m) }

var (
	calls, total int
	finished     = make(chan struct{})
	lock         sync.Mutex
	arrived      int
	met          = sync.NewCond(&lock)
)

// conformance are the handlers that every language has; the variable CLAUSE names
// the one that runs.
func conformance() map[string]any {
	clauses := map[string]any{
		"echo":           raw(func(event []byte) ([]byte, error) { return event, nil }),
		"text":           text("grüße 你好 😀"),
		"nothing":        func() {},
		"number":         func() (int, error) { return 42, nil },
		"boolean":        func() (bool, error) { return true, nil },
		"unserialisable": func() (chan int, error) { return make(chan int), nil },
		"document": func() (map[string]any, error) {
			return map[string]any{"a": []any{1, "two", nil}, "b": map[string]bool{"c": true}, "d": 1.5, "e": "ü"}, nil
		},
		"size": raw(func(event []byte) ([]byte, error) {
			n, err := strconv.Atoi(string(event))
			return []byte(strings.Repeat("x", n)), err
		}),
		"count":         raw(func([]byte) ([]byte, error) { calls++; return []byte(strconv.Itoa(calls)), nil }),
		"temporary":     raw(temporary),
		"child":         raw(func([]byte) ([]byte, error) { return exec.Command("echo", "-n", "from a child").Output() }),
		"background":    raw(background),
		"orphan":        func() error { return exec.Command("sleep", "600").Start() },
		"context":       described,
		"environment":   variables,
		"places":        places,
		"layer_file":    raw(func([]byte) ([]byte, error) { return trimmed(os.ReadFile("/opt/file.txt")) }),
		"layer_program": raw(func([]byte) ([]byte, error) { return trimmed(exec.Command("of-a-layer").Output()) }),
		"add_two":       func() (int, error) { total += 2; return total, nil },
		"meet":          meet,
		"<in a folder>": text("from a folder"),
	}
	for _, more := range []map[string]any{failing(), printing(), pages()} {
		for name, handler := range more {
			clauses[name] = handler
		}
	}
	return clauses
}

func text(s string) raw { return func([]byte) ([]byte, error) { return []byte(s), nil } }

func trimmed(b []byte, err error) ([]byte, error) { return []byte(strings.TrimSpace(string(b))), err }

func failing() map[string]any {
	return map[string]any{
		"fail":      func(event []byte) error { return errors.New(string(event)) },
		"fail_type": func(event []byte) error { return Mine(event) },
		"fail_deep": func(event []byte) { deeper(string(event)) },
		"fail_odd": raw(func(event []byte) ([]byte, error) {
			if n, err := strconv.Atoi(string(event)); err != nil || n%2 == 1 {
				return nil, errors.New("odd")
			}
			return []byte("fine"), nil
		}),
		"leave": func(code int) { fmt.Println("leaving"); os.Exit(code) },
		"signal_process": func(event []byte) {
			signals := map[string]syscall.Signal{"ABRT": syscall.SIGABRT, "SEGV": syscall.SIGSEGV, "KILL": syscall.SIGKILL}
			syscall.Kill(os.Getpid(), signals[string(event)])
			time.Sleep(30 * time.Second)
		},
		"sleep": func() { time.Sleep(10 * time.Minute) },
		"spin": func() {
			for {
			}
		},
		"deaf": func() { signal.Ignore(syscall.SIGTERM); time.Sleep(10 * time.Minute) },
		"allocate": func(n int) (int, error) {
			var kept [][]byte
			for range n {
				part := make([]byte, 1<<20)
				for i := 0; i < len(part); i += 4096 {
					part[i] = 1
				}
				kept = append(kept, part)
			}
			return len(kept), nil
		},
	}
}

func deeper(message string) { panic(errors.New(message)) }

func printing() map[string]any {
	return map[string]any{
		"print_all": func() {
			fmt.Println("to stdout")
			fmt.Fprintln(os.Stderr, "to stderr")
			fmt.Println("你好 😀")
			fmt.Print("no newline")
		},
		"print_long": func() { fmt.Println(strings.Repeat("x", 100_000)) },
		"print_many": func() {
			for n := range 2000 {
				fmt.Println("line", n)
			}
		},
		"print_flood": raw(func([]byte) ([]byte, error) {
			line := strings.Repeat("y", 1000)
			for range 20_000 {
				fmt.Println(line)
			}
			return []byte("survived"), nil
		}),
		"close_output": raw(func([]byte) ([]byte, error) { os.Stdout.Close(); return []byte("fine"), nil }),
	}
}

func pages() map[string]any {
	return map[string]any{
		"http": func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(err)
			}
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("X-Answer", "yes")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, strings.Join([]string{
				r.Method, r.URL.Path, r.URL.RawQuery, strings.Join(r.Header["X-Mine"], ","), r.Header.Get("Content-Type"), string(body),
			}, "|"))
		},
		"http_echo": func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) },
		"http_fail": func(http.ResponseWriter, *http.Request) { panic("no page") },
	}
}

// hooks are the initializers and preStop hooks of the clauses.
func hooks() map[string]func(context.Context) {
	return map[string]func(context.Context){
		"add_one":            func(context.Context) { fmt.Println("initializing"); total++ },
		"fail_to_initialize": func(context.Context) { panic("no database") },
		"initialize_long":    func(context.Context) { time.Sleep(10 * time.Minute) },
		"initialize_exit":    func(context.Context) { os.Exit(1) },
		"stop_here":          func(context.Context) { fmt.Println("stopping after", calls) },
		"stop_fails":         func(context.Context) { panic("can't stop") },
	}
}

func temporary(event []byte) ([]byte, error) {
	path := filepath.Join(os.TempDir(), "kept")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Write(event); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func background(event []byte) ([]byte, error) {
	if string(event) == "start" {
		time.AfterFunc(50*time.Millisecond, func() { close(finished) })
		return []byte("started"), nil
	}
	<-finished
	return []byte("done"), nil
}

func described(ctx context.Context) (map[string]any, error) {
	i := fromContext(ctx)
	return map[string]any{
		"requestId": i.RequestID, "functionName": i.Name, "handler": i.Handler, "memory": i.Memory, "timeout": i.Timeout,
		"region": i.Region, "accountId": i.AccountID, "serviceName": i.Service, "qualifier": i.Qualifier, "versionId": i.Version,
		"accessKeyId": i.AccessKeyID, "accessKeySecret": i.AccessKeySecret, "securityToken": i.SecurityToken,
	}, nil
}

func variables() (map[string]string, error) {
	all := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all, nil
}

func places() (map[string]any, error) {
	dir, err := os.Getwd()
	_, there := os.Stat("main")
	return map[string]any{"cwd": dir, "here": there == nil, "writable": syscall.Access(".", 2) == nil}, err
}

// meet waits until three are in here.
func meet(ctx context.Context, event json.Number) (json.Number, error) {
	lock.Lock()
	arrived++
	met.Broadcast()
	for arrived%3 != 0 {
		met.Wait()
	}
	lock.Unlock()
	fmt.Println(fromContext(ctx).RequestID, "met", event)
	return event, nil
}
