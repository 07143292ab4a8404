package rapi

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
)

// loop is a client with nothing to do: it answers each event with itself.
func loop(nc net.Conn) {
	buf, out := make([]byte, 4096), make([]byte, 0, 4096)
	const next = "GET /2020-11-11/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
	if _, err := io.WriteString(nc, next); err != nil {
		return
	}
	for i := 0; ; i++ {
		if _, err := nc.Read(buf); err != nil {
			return
		}
		out = append(out[:0], "POST /2020-11-11/runtime/invocation/"...)
		out = strconv.AppendInt(out, int64(i), 10)
		out = append(out, "/response HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"...)
		out = append(out, next...)
		if _, err := nc.Write(out); err != nil {
			return
		}
	}
}

// BenchmarkLoop is an invocation from Start to its reply, with a client that
// costs nothing.
func BenchmarkLoop(b *testing.B) {
	s := newServer(b, Config{})
	go loop(dial(b, s).nc)
	for i := 0; b.Loop(); i++ {
		call, err := s.Start(&Invocation{RequestID: strconv.Itoa(i), Handler: "index.handler", Timeout: 3, Event: []byte("hi")})
		if err != nil {
			b.Fatal(err)
		}
		<-call.Done()
	}
}

// BenchmarkLoopNetHTTP is the same over a net/http server that does the least
// that it can: what our own server is measured against.
func BenchmarkLoopNetHTTP(b *testing.B) {
	events, replies := make(chan string), make(chan []byte)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2020-11-11/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Fc-Request-Id", <-events)
		w.Header().Set("X-Fc-Function-Handler", "index.handler")
		io.WriteString(w, "hi")
	})
	mux.HandleFunc("POST /2020-11-11/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			b.Error(err)
		}
		replies <- body
	})
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: mux}
	go srv.Serve(ln)
	defer srv.Close()
	nc, err := net.Dial("tcp4", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	// net/http answers the post and the next apart: the first read may see one
	// or both.
	go loopTwice(nc)
	for i := 0; b.Loop(); i++ {
		events <- strconv.Itoa(i)
		<-replies
	}
}

func loopTwice(nc net.Conn) {
	const next = "GET /2020-11-11/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
	buf := make([]byte, 4096)
	if _, err := io.WriteString(nc, next); err != nil {
		return
	}
	for i := 0; ; i++ {
		if _, err := nc.Read(buf); err != nil {
			return
		}
		out := "POST /2020-11-11/runtime/invocation/" + strconv.Itoa(i) + "/response HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
		if _, err := io.WriteString(nc, out); err != nil {
			return
		}
		if _, err := nc.Read(buf); err != nil {
			return
		}
		if _, err := io.WriteString(nc, next); err != nil {
			return
		}
	}
}
