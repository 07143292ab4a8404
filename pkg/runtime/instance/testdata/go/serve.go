package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The same handlers behind an HTTP server of the program's own: the contract of
// custom runtimes and containers.

// listen serves the functions at a port; it gives back nothing but the reason
// why it can't.
func listen(f functions, port string) error {
	server := &http.Server{Addr: "0.0.0.0:" + port, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("X-Fc-Control-Path") {
		case "": // the health check, which is of no request
		case "/http-invoke":
			page(f, w, r)
		default:
			answer(f, w, r)
		}
	})}
	return server.ListenAndServe()
}

// told is what the headers of a request say of its invocation.
func told(h http.Header) *invocation {
	get := func(name string) string { return h.Get("X-Fc-" + name) }
	timeout, err := strconv.ParseInt(get("Function-Timeout"), 10, 64)
	if err != nil {
		log.Print(err)
	}
	return &invocation{
		RequestID: get("Request-Id"), Name: get("Function-Name"), Handler: get("Function-Handler"), Memory: get("Function-Memory"),
		Timeout: timeout, Region: get("Region"), AccountID: get("Account-Id"), Qualifier: get("Qualifier"), Version: get("Version-Id"),
		Service: get("Service-Name"), AccessKeyID: get("Access-Key-Id"), AccessKeySecret: get("Access-Key-Secret"), SecurityToken: get("Security-Token"),
	}
}

// kinds are what a path asks for.
func kinds(path string) string {
	switch path {
	case "/initialize":
		return "Initialize"
	case "/pre-stop":
		return "PreStop"
	case "/pre-freeze":
		return "PreFreeze"
	}
	return "Invoke"
}

// answer runs a function or a hook; a failure is an answer with status 404.
func answer(f functions, w http.ResponseWriter, r *http.Request) {
	inv, kind := told(r.Header), kinds(r.URL.Path)
	event, err := io.ReadAll(r.Body)
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Printf("FC %s Start RequestId: %s\n", kind, inv.RequestID)
	body, failed := run(f, kind, context.WithValue(r.Context(), contextKey{}, inv), event)
	end := ""
	if failed != nil {
		body, _ = json.Marshal(failed)
		log.Printf(" %s [ERROR] %s", inv.RequestID, body)
		end = ", Error: Unhandled function error"
	}
	fmt.Printf("FC %s End RequestId: %s%s\n", kind, inv.RequestID, end)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if failed != nil {
		w.Header().Set("X-Fc-Status", "404")
		w.WriteHeader(http.StatusNotFound)
	}
	w.Write(body)
}

// page has an HTTP function answer a request itself.
func page(f functions, w http.ResponseWriter, r *http.Request) {
	id := told(r.Header).RequestID
	fmt.Printf("FC Invoke Start RequestId: %s\n", id)
	defer fmt.Printf("FC Invoke End RequestId: %s\n", id)
	f.handler.(func(http.ResponseWriter, *http.Request))(w, r)
}

// tool is a program of the image that the handlers start, if the name is one's.
func tool(name string, args []string) bool {
	switch name {
	case "echo":
		fmt.Print(strings.Join(args[1:], " ")) // after -n
	case "sleep":
		time.Sleep(10 * time.Minute)
	default:
		return false
	}
	return true
}
