//go:build linux

package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"s/pkg/fc/fcsign"
)

// client is one of the crowd, with a connection of its own.
type client struct {
	*crowd
	http *http.Client
	dice *rand.Rand
	own  string // the function that it makes
	step int    // of what it does with that
	made bool
	id   string // of the version that it has published
	turn int
}

func (c *crowd) client(n int) *client {
	return &client{
		crowd: c, dice: rand.New(rand.NewPCG(uint64(n), 7)), own: fmt.Sprintf("%s%03d", clientCatalog, n),
		http: &http.Client{Timeout: clientPatience, Transport: &http.Transport{MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1}},
	}
}

// run calls until running is over. A call that has begun is finished.
func (c *client) run(ctx, running context.Context) {
	for running.Err() == nil && ctx.Err() == nil {
		c.turn++
		switch n := c.dice.IntN(100); {
		case n < 50:
			c.invoke(ctx, c.functions[c.dice.IntN(len(c.functions))], "", "sync")
		case n < 60:
			c.invokeAsync(ctx)
		case n < 68:
			name := c.functions[c.dice.IntN(len(c.functions))]
			c.call(ctx, "get a function", http.MethodGet, "/functions/"+name, nil, has(`"functionName":"`+name+`"`))
		case n < 74:
			c.call(ctx, "list functions", http.MethodGet, "/functions?limit=20", nil, has(`"functions":[{`))
		case n < 76:
			c.call(ctx, "list versions", http.MethodGet, "/functions/python/versions", nil, has(`"versions"`))
		case n < 84:
			c.logs(ctx)
		default:
			c.life(ctx)
		}
	}
	c.http.CloseIdleConnections()
}

// answer is what came of a call.
type answer struct {
	status int
	code   string // of an error
	body   []byte
	id     string // of the request
}

// throttled reports whether an answer is one of FC's that ask to come later.
func (a *answer) throttled() bool {
	return a.status == http.StatusTooManyRequests && (a.code == "ResourceExhausted" || a.code == "ResourceThrottled")
}

// has wants a text in the answer.
func has(text string) func(*answer) error {
	return func(a *answer) error {
		if !bytes.Contains(a.body, []byte(text)) {
			return fmt.Errorf("there is no %s in %.300s", text, a.body)
		}
		return nil
	}
}

// do sends a request and books its answer. It is nil if that isn't one that is right.
func (c *client) do(call string, r *http.Request, check func(*answer) error) *answer {
	start := time.Now()
	a, err := c.send(r)
	took := time.Since(start)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times[call] = append(c.times[call], took)
	switch {
	case err != nil:
	case a.throttled():
		c.answers[fmt.Sprint(call, " ", a.status, " ", a.code)]++
		return nil
	case a.status >= 300:
		err = fmt.Errorf("%d %s", a.status, a.body)
	case check != nil:
		err = check(a)
	}
	if err != nil {
		c.answers[call+" wrong"]++
		c.fault("%s %s: %.300v", call, r.URL.Path, err)
		return nil
	}
	c.answers[fmt.Sprint(call, " ", a.status)]++
	return a
}

func (c *client) send(r *http.Request) (*answer, error) {
	response, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	a := &answer{status: response.StatusCode, id: response.Header.Get("X-Fc-Request-Id")}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		return nil, err
	}
	var failure struct{ Code, ErrorCode string }
	if a.status >= 300 && json.Unmarshal(a.body, &failure) == nil {
		a.code = cmp.Or(failure.Code, failure.ErrorCode)
	}
	if kind := response.Header.Get("X-Fc-Error-Type"); kind != "" {
		return nil, fmt.Errorf("error of the function: %s %s", kind, a.body)
	}
	return a, nil
}

// call calls the API of version 2023-03-30.
func (c *client) call(ctx context.Context, name, method, path string, doc any, check func(*answer) error, header ...string) *answer {
	var body []byte
	if doc != nil {
		body, _ = json.Marshal(doc)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.api.Endpoint+"/2023-03-30"+path, bytes.NewReader(body))
	if err != nil {
		panic(err) // a path that is no path
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	hash := sha256.Sum256(body)
	fcsign.SignACS3(r, c.api.Keys, fcsign.Operation{Action: "Clients", Version: "2023-03-30"}, hex.EncodeToString(hash[:]), time.Now())
	return c.do(name, r, check)
}

func (c *client) event(kind string) (id string, doc map[string]string) {
	id = fmt.Sprintf("%s-%d-%016x", c.own, c.turn, c.dice.Uint64())
	return id, map[string]string{"id": id, "kind": kind}
}

// invoke calls a function, which repeats the id.
func (c *client) invoke(ctx context.Context, function, query, kind string) *answer {
	id, event := c.event(kind)
	name := function
	if query != "" {
		name = "an alias"
	}
	return c.call(ctx, "invoke "+name, http.MethodPost, "/functions/"+function+"/invocations"+query, event, has(id))
}

// invokeAsync calls one that logs that it was called.
func (c *client) invokeAsync(ctx context.Context) {
	_, event := c.event("async-run")
	if c.call(ctx, "invoke asynchronously", http.MethodPost, "/functions/custom/invocations", event, nil, "X-Fc-Invocation-Type", "Async") != nil {
		c.mu.Lock()
		c.accepted++
		c.mu.Unlock()
	}
}

// logs looks for what an invocation of its own has printed.
func (c *client) logs(ctx context.Context) {
	a := c.invoke(ctx, "python", "", "logged")
	if a == nil {
		return
	}
	query := url.Values{"type": {"log"}, "from": {"0"}, "to": {strconv.FormatInt(time.Now().Unix()+60, 10)}, "query": {"requestId: " + a.id}}
	c.sls(ctx, "query logs", query, has("logged "+c.own))
}

func (c *client) sls(ctx context.Context, call string, query url.Values, check func(*answer) error) *answer {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.api.Endpoint+"/logstores/"+logStore+"?"+query.Encode(), nil)
	if err != nil {
		panic(err) // a path that is no path
	}
	r.Host = logProject + ".cn-hangzhou.log.aliyuncs.com"
	fcsign.SignSLS(r, c.api.Keys, nil, time.Now().UTC().Format(http.TimeFormat))
	return c.do(call, r, check)
}

// life takes a function of the client's own one step further: it is made, changed,
// published, gets an alias that is called, and is removed.
func (c *client) life(ctx context.Context) {
	path := "/functions/" + c.own
	what := fmt.Sprintf("turn %d", c.turn)
	alias := map[string]any{"aliasName": "live", "versionId": c.id}
	var a *answer
	switch c.step {
	case 0:
		doc := sizeFunction(c.own)
		doc["code"] = map[string]string{"zipFile": c.archive}
		a = c.call(ctx, "create a function", http.MethodPost, "/functions", doc, has(c.own))
		c.made = a != nil
	case 1:
		a = c.call(ctx, "change a function", http.MethodPut, path, map[string]string{"description": what}, has(what))
	case 2:
		a = c.call(ctx, "publish a version", http.MethodPost, path+"/versions", map[string]string{"description": what}, func(a *answer) error {
			var version struct{ VersionID string }
			err := json.Unmarshal(a.body, &version)
			c.id = version.VersionID
			return err
		})
	case 3:
		a = c.call(ctx, "create an alias", http.MethodPost, path+"/aliases", alias, has(`"versionId":"`+c.id+`"`))
	case 4:
		if c.dice.IntN(5) > 0 {
			c.step++
			return
		}
		a = c.invoke(ctx, c.own, "?qualifier=live", "alias")
	case 5:
		a = c.call(ctx, "delete an alias", http.MethodDelete, path+"/aliases/live", nil, nil)
	case 6:
		a = c.call(ctx, "delete a version", http.MethodDelete, path+"/versions/"+c.id, nil, nil)
	case 7:
		a = c.call(ctx, "delete a function", http.MethodDelete, path, nil, nil)
		c.made = a == nil
	}
	if a != nil {
		c.step = (c.step + 1) % 8
	}
}
