package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
)

// The loop of Function Compute's Go runtime as its users see it: handlers of
// several signatures, the next invocation asked for as soon as the last has
// arrived, a goroutine for each, no status but 200, and no answer at all to an
// invocation without deadline or timeout.

const base = "/2020-11-11/runtime/"

type contextKey struct{}

// invocation is what a handler's context knows.
type invocation struct {
	RequestID, Name, Handler, Memory, Region, AccountID, Qualifier, Version, Service string
	AccessKeyID, AccessKeySecret, SecurityToken                                      string
	Timeout, RetryCount                                                              int64
}

func fromContext(ctx context.Context) *invocation {
	found, _ := ctx.Value(contextKey{}).(*invocation)
	return found
}

// functions are what a program registers.
type functions struct {
	handler                         any
	initializer, preStop, preFreeze func(context.Context)
}

type failure struct {
	ErrorMessage string  `json:"errorMessage"`
	ErrorType    string  `json:"errorType"`
	StackTrace   []frame `json:"stackTrace,omitempty"`
}

type frame struct {
	Path  string `json:"path"`
	Line  int    `json:"line"`
	Label string `json:"label"`
}

var api = "http://" + os.Getenv("FC_RUNTIME_API") + base

func start(f functions) {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	for {
		header, event, err := next()
		if err != nil {
			log.Print(err)
			continue // at once
		}
		go serve(f, header, event)
	}
}

func next() (http.Header, []byte, error) {
	req, err := http.NewRequest(http.MethodGet, api+"invocation/next", nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("User-Agent", "aliyun-fc-go/"+runtime.Version())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	event, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return resp.Header, event, err
}

func serve(f functions, h http.Header, event []byte) {
	inv := &invocation{
		RequestID: h.Get("X-Fc-Request-Id"), Name: h.Get("X-Fc-Function-Name"), Handler: h.Get("X-Fc-Function-Handler"),
		Memory: h.Get("X-Fc-Function-Memory"), Region: h.Get("X-Fc-Region"), AccountID: h.Get("X-Fc-Account-Id"),
		Qualifier: h.Get("X-Fc-Qualifier"), Version: h.Get("X-Fc-Version-Id"), Service: h.Get("X-Fc-Service-Name"), AccessKeyID: h.Get("X-Fc-Access-Key-Id"),
		AccessKeySecret: h.Get("X-Fc-Access-Key-Secret"), SecurityToken: h.Get("X-Fc-Security-Token"),
	}
	deadline, err := strconv.ParseInt(h.Get("X-Fc-Function-Deadline"), 10, 64)
	if err != nil || deadline == 0 {
		log.Printf("deadline: %v", err)
		return
	}
	if inv.Timeout, err = strconv.ParseInt(h.Get("X-Fc-Function-Timeout"), 10, 64); err != nil {
		log.Printf("timeout: %v", err)
		return
	}
	inv.RetryCount, _ = strconv.ParseInt(h.Get("X-Fc-Retry-Count"), 10, 64)
	if params := h.Get("X-Fc-Http-Params"); params != "" {
		serveHTTP(f, inv, params, event)
		return
	}
	kind := [...]string{"Invoke", "Initialize", "PreStop", "PreFreeze"}[number(h.Get("X-Fc-Function-Type"))]
	fmt.Printf("FC %s Start RequestId: %s\n", kind, inv.RequestID)
	body, failed := run(f, kind, context.WithValue(context.Background(), contextKey{}, inv), event)
	if failed != nil {
		text, _ := json.MarshalIndent(failed, "", "    ")
		log.Printf(" %s [ERROR] %s", inv.RequestID, text)
		fmt.Printf("FC %s End RequestId: %s, Error: Unhandled function error\n", kind, inv.RequestID)
		text, _ = json.Marshal(failed)
		post("invocation/"+inv.RequestID+"/error", text)
		return
	}
	fmt.Printf("FC %s End RequestId: %s\n", kind, inv.RequestID)
	post("invocation/"+inv.RequestID+"/response", body)
}

func number(s string) int {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n < 4 {
		return n
	}
	return 0
}

// run calls a function and words what it gave.
func run(f functions, kind string, ctx context.Context, event []byte) (body []byte, failed *failure) {
	defer func() {
		if p := recover(); p != nil {
			failed = &failure{ErrorMessage: fmt.Sprint(p), ErrorType: typeName(p), StackTrace: frames()}
		}
	}()
	hook, ok := map[string]func(context.Context){"Initialize": f.initializer, "PreStop": f.preStop, "PreFreeze": f.preFreeze}[kind]
	if ok {
		hook(ctx) // one that isn't there is a panic
		return nil, nil
	}
	body, err := call(f.handler, ctx, event)
	if err != nil {
		return nil, &failure{ErrorMessage: err.Error(), ErrorType: typeName(err)}
	}
	return body, nil
}

func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

func frames() []frame {
	var list []frame
	pcs := make([]uintptr, 32)
	rest := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := rest.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			list = append(list, frame{f.File, f.Line, f.Function[strings.LastIndexByte(f.Function, '.')+1:]})
		}
		if !more {
			return list
		}
	}
}

// call calls a handler with up to two arguments and results.
func call(handler any, ctx context.Context, event []byte) ([]byte, error) {
	if f, ok := handler.(raw); ok {
		return f(event)
	}
	f := reflect.ValueOf(handler)
	if f.Kind() != reflect.Func || f.Type().NumIn() > 2 || f.Type().NumOut() > 2 {
		return nil, fmt.Errorf("handler kind %s is not %s", f.Kind(), reflect.Func)
	}
	var args []reflect.Value
	for i := range f.Type().NumIn() {
		in := f.Type().In(i)
		switch {
		case in == reflect.TypeFor[context.Context]():
			args = append(args, reflect.ValueOf(ctx))
		case in == reflect.TypeFor[[]byte]():
			args = append(args, reflect.ValueOf(event))
		default:
			v := reflect.New(in)
			if err := json.Unmarshal(event, v.Interface()); err != nil {
				return nil, err
			}
			args = append(args, v.Elem())
		}
	}
	results := f.Call(args)
	if n := len(results); n > 0 {
		if err, ok := results[n-1].Interface().(error); ok && err != nil {
			return nil, err
		}
		if f.Type().Out(0) != reflect.TypeFor[error]() {
			return json.Marshal(results[0].Interface())
		}
	}
	return []byte("null"), nil
}

func post(path string, body []byte) {
	send(path, body, "")
}

func send(path string, body []byte, params string) {
	req, err := http.NewRequest(http.MethodPost, api+path, bytes.NewReader(body))
	if err != nil {
		log.Print(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	if params != "" {
		req.Header.Set("x-fc-http-params", params)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Print(err)
		return
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		log.Print("result refused: ", resp.Status)
	}
}
