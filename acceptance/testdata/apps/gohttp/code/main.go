// A server of the standard library alone, with what a custom runtime must get
// through: streams, large bodies, callers that leave, hooks.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
)

var (
	ask         = make(chan struct{})
	here        = make(chan struct{}, 1)
	left        = make(chan struct{}, 1)
	initialized atomic.Int32
	healthy     atomic.Int32
)

func main() {
	http.HandleFunc("POST /initialize", func(http.ResponseWriter, *http.Request) { initialized.Add(1) })
	http.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) { healthy.Add(1) })
	http.HandleFunc("GET /hello", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s", r.URL.Query().Get("name"))
	})
	http.HandleFunc("GET /started", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "healthy %d, initialized %d", healthy.Load(), initialized.Load())
	})
	http.HandleFunc("GET /peer", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr) })
	http.HandleFunc("GET /events", events)
	http.HandleFunc("POST /next", func(http.ResponseWriter, *http.Request) { ask <- struct{}{} })
	http.HandleFunc("PUT /upload", upload)
	http.HandleFunc("GET /download", download)
	http.HandleFunc("GET /wait", func(w http.ResponseWriter, r *http.Request) {
		here <- struct{}{}
		<-r.Context().Done()
		left <- struct{}{}
	})
	http.HandleFunc("GET /here", func(http.ResponseWriter, *http.Request) { <-here })
	http.HandleFunc("GET /left", func(w http.ResponseWriter, r *http.Request) {
		<-left
		fmt.Fprint(w, "left")
	})
	http.HandleFunc("GET /break", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "a part")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	log.SetFlags(0)
	log.Fatal(http.ListenAndServe("0.0.0.0:"+os.Getenv("FC_SERVER_PORT"), nil))
}

// events sends one event whenever it is asked to.
func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	for n := range 3 {
		http.NewResponseController(w).Flush()
		<-ask
		fmt.Fprintf(w, "data: %d\n\n", n)
	}
}

func upload(w http.ResponseWriter, r *http.Request) {
	sum := sha256.New()
	n, err := io.Copy(sum, r.Body)
	fmt.Fprintf(w, "%d %x %v", n, sum.Sum(nil), err)
}

func download(w http.ResponseWriter, r *http.Request) {
	mb, _ := strconv.Atoi(r.URL.Query().Get("mb"))
	block := make([]byte, 1<<20)
	for n := 0; mb == 0 || n < mb; n++ { // 0 is without end
		if _, err := w.Write(block); err != nil {
			left <- struct{}{}
			return
		}
	}
}
