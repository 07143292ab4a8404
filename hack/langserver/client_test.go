package langserver

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// patience is how long one answer may take; it is only used up by a failure.
const patience = 2 * time.Minute

// message is a request, an answer or a notification of the protocol.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  any             `json:"result,omitempty"`
}

// received is a message before its parts are understood.
type received struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// client is an editor with a language server of its own.
type client struct {
	t       *testing.T
	in      io.Writer
	inbox   chan received
	lastID  int
	waiting map[string][]received // notifications nobody asked for yet, by method
}

// start runs the language server of .tools until the test ends.
func start(t *testing.T) *client {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node, in which the language server runs")
	}
	servers, err := filepath.Glob("../../.tools/langserver-*/node_modules/yaml-language-server/bin/yaml-language-server")
	if err != nil || len(servers) != 1 {
		t.Skipf("hack/setup has installed no language server (%d)", len(servers))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, node, servers[0], "--stdio")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, in: in, inbox: make(chan received, 100), waiting: map[string][]received{}}
	read := make(chan struct{})
	go func() { defer close(read); c.read(out) }()
	t.Cleanup(func() {
		cancel()
		<-read
		_ = cmd.Wait() // it was ended by us
	})
	c.request("initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": nil,
		"capabilities": map[string]any{"textDocument": map[string]any{
			"hover":      map[string]any{"contentFormat": []string{"markdown"}},
			"completion": map[string]any{"completionItem": map[string]any{"snippetSupport": true}},
		}},
	}, nil)
	c.send(message{Method: "initialized", Params: map[string]any{}})
	c.send(message{Method: "workspace/didChangeConfiguration", Params: map[string]any{"settings": settings()}})
	return c
}

// settings keep the server from the network.
func settings() map[string]any {
	return map[string]any{"yaml": map[string]any{
		"schemaStore": map[string]any{"enable": false}, "validate": true, "hover": true, "completion": true,
	}}
}

// read takes messages until the server ends.
func (c *client) read(out io.Reader) {
	defer close(c.inbox)
	r := bufio.NewReader(out)
	for {
		header, err := textproto.NewReader(r).ReadMIMEHeader()
		if err != nil {
			return
		}
		n, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		var m received
		if json.Unmarshal(body, &m) != nil {
			return
		}
		c.inbox <- m
	}
}

func (c *client) send(m message) {
	c.t.Helper()
	m.Version = "2.0"
	body, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c.in, "Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		c.t.Fatal(err)
	}
}

// next gives the next message that isn't a question of the server's; those are
// answered.
func (c *client) next() received {
	c.t.Helper()
	for {
		select {
		case m, ok := <-c.inbox:
			switch {
			case !ok:
				c.t.Fatal("the language server has ended")
			case m.Method == "workspace/configuration":
				var asked struct{ Items []any }
				_ = json.Unmarshal(m.Params, &asked)
				answers := make([]any, len(asked.Items))
				if len(answers) > 0 {
					answers[0] = settings()["yaml"]
				}
				c.send(message{ID: m.ID, Result: answers})
			case m.Method != "" && len(m.ID) > 0:
				c.send(message{ID: m.ID, Result: []any{}})
			default:
				return m
			}
		case <-time.After(patience):
			c.t.Fatalf("no answer within %s", patience)
		}
	}
}

// request asks and decodes the answer.
func (c *client) request(method string, params, into any) {
	c.t.Helper()
	c.lastID++
	id := json.RawMessage(strconv.Itoa(c.lastID))
	c.send(message{ID: id, Method: method, Params: params})
	for {
		m := c.next()
		if m.Method != "" {
			c.waiting[m.Method] = append(c.waiting[m.Method], m)
			continue
		}
		if string(m.ID) != string(id) {
			continue
		}
		if len(m.Error) > 0 {
			c.t.Fatalf("%s: %s", method, m.Error)
		}
		if into != nil {
			if err := json.Unmarshal(m.Result, into); err != nil {
				c.t.Fatalf("%s: %v in %s", method, err, m.Result)
			}
		}
		return
	}
}

// notified waits for a notification about a document.
func (c *client) notified(method, uri string, into any) {
	c.t.Helper()
	for {
		for i, m := range c.waiting[method] {
			var about struct{ URI string }
			if json.Unmarshal(m.Params, &about) == nil && about.URI == uri {
				c.waiting[method] = append(c.waiting[method][:i:i], c.waiting[method][i+1:]...)
				if err := json.Unmarshal(m.Params, into); err != nil {
					c.t.Fatal(err)
				}
				return
			}
		}
		if m := c.next(); m.Method != "" {
			c.waiting[m.Method] = append(c.waiting[m.Method], m)
		}
	}
}
