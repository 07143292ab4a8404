package rawio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/nettest"
)

func TestPayoff(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, came, want string }{
		{"always", "yyyyyyyy", "llllllll"},
		// Each wait that doesn't pay doubles the pause.
		{"never", "nnnnnnnn", "l.l..l....l........l................l................................l................................................................l................................................................"},
		{"once in a while", "nnynnny", "l.l..ll.l..l....l"},
	} {
		var p Payoff
		var got strings.Builder
		for _, came := range test.came {
			for !p.Due() {
				got.WriteByte('.')
			}
			got.WriteByte('l')
			p.Note(came == 'y')
		}
		for !p.Due() {
			got.WriteByte('.')
		}
		if got.String() != test.want {
			t.Errorf("%s: %s, want %s", test.name, got.String(), test.want)
		}
	}
}

// once is something that is there when it is looked for the nth time.
func once(n int) (there func() bool, looked *int) {
	looked = new(int)
	return func() bool { *looked++; return *looked == n }, looked
}

func TestAttentionIsForOne(t *testing.T) {
	t.Parallel()
	var a *Attention
	if there, looked := once(2); a.Free() || a.look(there) || *looked != 1 {
		t.Errorf("without attention it is looked for %d times", *looked)
	}
	a = new(Attention)
	eventually(t, "what comes while it is looked for is found", func() bool {
		there, _ := once(3)
		return a.look(there) // a machine that does much else may not look so often
	})
	if there, _ := once(-1); a.look(there) {
		t.Error("what never comes is found")
	}
	if there, looked := once(1); !a.look(there) || *looked != 1 {
		t.Errorf("what is there is looked for %d times", *looked)
	}
	eventually(t, "who looks has it alone", func() bool {
		alone := false
		there, _ := once(2)
		a.look(func() bool {
			other, looked := once(2)
			alone = alone || !a.look(other) && *looked == 1 && !a.Free()
			return there()
		})
		return alone
	})
	a.serving.Store(2)
	if there, looked := once(2); a.Free() || a.look(there) || *looked != 1 {
		t.Errorf("while two requests are served, it is looked for %d times", *looked)
	}
	a.serving.Store(1)
	eventually(t, "it ends when a second request comes", func() bool {
		there, looked := once(-1)
		a.look(func() bool {
			if *looked == 1 {
				a.serving.Store(2)
			}
			return there()
		})
		again := *looked == 2
		a.serving.Store(1)
		return again
	})
	if !a.Free() {
		t.Error("it isn't given back")
	}
}

// eventually waits for something that must happen, sooner or later.
func eventually(t *testing.T, what string, happens func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !happens(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never seen: %s", what)
		}
	}
}

func TestReadSoon(t *testing.T) {
	client, server := pair(t)
	defer client.Close()
	defer server.Close()
	soon, ok := server.(SoonReader)
	if !ok {
		t.Skip("not on this system")
	}
	buf := make([]byte, 16)
	for _, a := range []*Attention{nil, new(Attention)} {
		if n, err := soon.ReadSoon(a, buf); n != 0 || !errors.Is(err, ErrNothing) {
			t.Errorf("where nothing is: %d, %v", n, err)
		}
		if _, err := io.WriteString(client, "hello"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "what was sent", func() bool {
			n, err := soon.ReadSoon(a, buf)
			if err != nil && !errors.Is(err, ErrNothing) {
				t.Fatal(err)
			}
			return string(buf[:n]) == "hello"
		})
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end", func() bool { _, err := soon.ReadSoon(nil, buf); return errors.Is(err, io.EOF) })
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := soon.ReadSoon(new(Attention), buf); !errors.Is(err, net.ErrClosed) {
		t.Errorf("what is closed: %v", err)
	}
}

// The rules of package net hold while the next request is looked for.
func TestAttendedIsAConn(t *testing.T) {
	a := new(Attention)
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		x, y := attendedPair(t, a)
		for _, nc := range []net.Conn{x, y} {
			between(nc, http.StateIdle)
		}
		return x, y, func() { x.Close(); y.Close() }, nil
	})
}

// TestServing counts the requests of a real server, however they end.
func TestServing(t *testing.T) {
	a := new(Attention)
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	var holding sync.WaitGroup
	handler := http.NewServeMux()
	handler.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	handler.HandleFunc("/hold", func(http.ResponseWriter, *http.Request) { holding.Done(); <-hold })
	handler.HandleFunc("/hijack", func(w http.ResponseWriter, _ *http.Request) {
		nc, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = nc.Close()
	})
	server := &http.Server{Handler: handler, ReadHeaderTimeout: patience, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	served := make(chan error, 1)
	go func() { served <- a.Serve(server, inner) }()
	dial := func() (net.Conn, *bufio.Reader) {
		t.Helper()
		nc, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return nc, bufio.NewReader(nc)
	}
	free := func(what string) {
		t.Helper()
		eventually(t, what, func() bool { return a.serving.Load() == 0 })
	}

	nc, answers := dial()
	if _, ok := Conn(nc).(SoonReader); !ok {
		t.Skip("not on this system")
	}
	ask := func(rounds int) {
		t.Helper()
		for i := range rounds { // one after another, some in pieces
			body := fmt.Sprint("body ", i)
			text := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			for _, piece := range []string{text[:i%len(text)], text[i%len(text):]} {
				if _, err := io.WriteString(nc, piece); err != nil {
					t.Fatal(err)
				}
			}
			response, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(response.Body); err != nil || string(got) != body {
				t.Fatalf("%q, %v", got, err)
			}
			free("an answered one isn't served")
		}
	}
	ask(200)
	if a.crowd.Load() != 0 {
		t.Error("one after another is a crowd")
	}

	for _, leaves := range []bool{false, true} {
		holding.Add(2)
		var callers []net.Conn
		for range 2 {
			caller, _ := dial()
			defer caller.Close()
			callers = append(callers, caller)
			if _, err := io.WriteString(caller, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
		}
		holding.Wait()
		if n := a.serving.Load(); n != 2 || a.Free() {
			t.Errorf("%d are served", n)
		}
		for _, caller := range callers {
			if leaves {
				_ = caller.Close()
			}
			hold <- struct{}{}
		}
		free("two ended; their callers left: " + fmt.Sprint(leaves))
		ask(alone - 1)
		if a.Free() {
			t.Error("there is attention soon after a crowd")
		}
		ask(1)
		eventually(t, "it is given again", a.Free)
	}
	// Two at once over one connection of HTTP/2 are two.
	multiplexed := &http.Transport{Protocols: new(http.Protocols), MaxConnsPerHost: 1}
	multiplexed.Protocols.SetUnencryptedHTTP2(true)
	defer multiplexed.CloseIdleConnections()
	holding.Add(2)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			response, err := (&http.Client{Transport: multiplexed}).Get("http://" + inner.Addr().String() + "/hold")
			if err != nil {
				t.Error(err)
				return
			}
			if response.ProtoMajor != 2 {
				t.Error(response.Proto)
			}
			_ = response.Body.Close()
		})
	}
	holding.Wait()
	if n := a.serving.Load(); n != 2 || a.Free() {
		t.Errorf("%d are served over one connection", n)
	}
	hold <- struct{}{}
	hold <- struct{}{}
	both.Wait()
	free("both are answered")

	for _, text := range []string{"GET /hijack HTTP/1.1\r\nHost: x\r\n\r\n", "nonsense\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nbroken", ""} {
		other, _ := dial()
		if _, err := io.WriteString(other, text); err != nil {
			t.Fatal(err)
		}
		_ = other.Close()
		free(text)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	_ = nc.Close()
	free("none after the end")
}
