package fcclient

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"s/pkg/access"
	"s/pkg/fc"
)

// TestAServerThatNeverAnswers is given up, once, and named.
func TestAServerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	accepted := make(chan net.Conn, 100)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	c := New(Config{Region: "r", Endpoint: "http://" + listener.Addr().String(), Credentials: access.Credentials{AccessKeyID: "a", AccessKeySecret: "b"}})
	c.readTime, c.writeTime = 50*time.Millisecond, 60*time.Millisecond
	for limit, call := range map[string]func() error{
		"50ms": func() error { _, err := c.GetFunction(t.Context(), "f", ""); return err },
		"60ms": func() error {
			_, err := c.UpdateFunction(t.Context(), fc.Function{FunctionName: "f"}, &fc.Code{ZipFile: "AAAA"})
			return err
		},
	} {
		err := call()
		var unreachable *UnreachableError
		if !errors.As(err, &unreachable) || !strings.Contains(err.Error(), "no answer from "+listener.Addr().String()+": it took longer than "+limit) {
			t.Errorf("%v", err)
		}
	}
	for range 2 {
		<-accepted
	}
	if n := len(accepted); n != 0 {
		t.Errorf("tried %d times more", n)
	}
	// One who gives up is told that, and nothing of a server.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.GetFunction(ctx, "f", ""); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "longer") {
		t.Errorf("%v", err)
	}
}

// TestNoHost: a region that there isn't.
func TestNoHost(t *testing.T) {
	t.Parallel()
	c := New(Config{Region: "r", Endpoint: "http://fc.invalid", Credentials: access.Credentials{AccessKeyID: "a", AccessKeySecret: "b"}})
	c.sleep = func(context.Context, time.Duration) error { return nil }
	_, err := c.GetFunction(t.Context(), "f", "")
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) || unreachable.Host != "fc.invalid" {
		t.Fatal(err)
	}
	var dns *net.DNSError
	if !errors.As(err, &dns) || dns.IsNotFound != unreachable.NoHost() {
		t.Errorf("%v: no error of a name that isn't there", err)
	}
}
