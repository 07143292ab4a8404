package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"s/pkg/fc/fcsign"
)

const (
	sizeSmall, sizeLarge = 100, 10_000 // functions
	sizeVersions         = 100_000     // of them, in the large one
	sizeTurns            = 200         // of each request
	sizeGrowth           = 2           // how much slower a request may be in the large one
	sizeCallers          = 8
)

// measureSize asks a local cloud with many functions and versions what it is asked all
// the time, and compares with one that has few.
func measureSize(ctx context.Context, w *World) ([]Figure, error) {
	if _, err := w.S(ctx, "local", "up"); err != nil {
		return nil, err
	}
	api, err := w.API(ctx)
	if err != nil {
		return nil, err
	}
	m := &sizes{api: api, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: sizeCallers}}}
	defer m.client.CloseIdleConnections()
	if err := m.fill(ctx, 0, sizeSmall); err != nil {
		return nil, err
	}
	small, err := m.times(ctx, "a")
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := m.fill(ctx, sizeSmall, sizeLarge); err != nil {
		return nil, err
	}
	figures := []Figure{note("10,000 functions, made over 8 connections", "%.1f s", time.Since(start).Seconds())}
	start = time.Now()
	if err := m.publish(ctx, sizeVersions/sizeLarge); err != nil {
		return figures, err
	}
	figures = append(figures, note("100,000 versions, published over 8 connections", "%.1f s", time.Since(start).Seconds()))
	large, err := m.times(ctx, "b")
	if err != nil {
		return figures, err
	}
	for i, name := range sizeRequests() {
		figures = append(figures,
			note(name+", 100 and 10,000 functions", "%.2f and %.2f ms", ms(small[i]), ms(large[i])),
			atMost(name+", 10,000 / 100", float64(large[i])/float64(small[i]), sizeGrowth, ""))
	}
	if _, err := w.S(ctx, "local", "down"); err != nil {
		return figures, err
	}
	began := time.Now()
	if _, err := w.S(ctx, "local", "up"); err != nil {
		return figures, err
	}
	return append(figures, note("the cloud starts with all of it", "%.2f s", time.Since(began).Seconds())), nil
}

func sizeRequests() []string {
	return []string{"list a page", "get a function", "make one more", "change one", "publish a version", "list versions"}
}

// sizes sends requests of the API.
type sizes struct {
	api    *API
	client *http.Client
}

func (m *sizes) send(ctx context.Context, method, path string, doc any) error {
	var body []byte
	if doc != nil {
		var err error
		if body, err = json.Marshal(doc); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, m.api.Endpoint+"/2023-03-30"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	fcsign.SignACS3(r, m.api.Keys, fcsign.Operation{Action: "Size", Version: "2023-03-30"}, hex.EncodeToString(sum[:]), time.Now())
	response, err := m.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s %.300s", method, path, response.Status, text)
	}
	return err
}

// emptyArchive is a zip without files, the same code for all functions.
func emptyArchive() string {
	return base64.StdEncoding.EncodeToString(append([]byte("PK\x05\x06"), make([]byte, 18)...))
}

func sizeFunction(name string) map[string]any {
	return map[string]any{
		"functionName": name, "runtime": "python3.10", "handler": "index.handler", "memorySize": 512, "cpu": 0.35, "diskSize": 512,
		"description": "one of many", "environmentVariables": map[string]string{"NAME": name}, "code": map[string]string{"zipFile": emptyArchive()},
	}
}

// each does something with the numbers from..to over several connections.
func (m *sizes) each(from, to int, do func(i int) error) error {
	var wait sync.WaitGroup
	errs := make([]error, sizeCallers)
	for c := range sizeCallers {
		wait.Go(func() {
			for i := from + c; i < to && errs[c] == nil; i += sizeCallers {
				errs[c] = do(i)
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *sizes) fill(ctx context.Context, from, to int) error {
	return m.each(from, to, func(i int) error {
		return m.send(ctx, http.MethodPost, "/functions", sizeFunction(fmt.Sprintf("f%05d", i)))
	})
}

// publish publishes n versions of each function, each of something new.
func (m *sizes) publish(ctx context.Context, n int) error {
	return m.each(0, sizeLarge, func(i int) error {
		path := fmt.Sprintf("/functions/f%05d", i)
		for v := range n {
			if err := m.send(ctx, http.MethodPut, path, map[string]string{"description": fmt.Sprint("v", v)}); err != nil {
				return err
			}
			if err := m.send(ctx, http.MethodPost, path+"/versions", map[string]string{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// times gives the median of each of sizeRequests. What it makes is called by tag.
func (m *sizes) times(ctx context.Context, tag string) ([]time.Duration, error) {
	asks := []func(i int) error{
		func(int) error { return m.send(ctx, http.MethodGet, "/functions?limit=20&prefix=f000", nil) },
		func(i int) error {
			return m.send(ctx, http.MethodGet, fmt.Sprintf("/functions/f%05d", i%sizeSmall), nil)
		},
		func(i int) error {
			return m.send(ctx, http.MethodPost, "/functions", sizeFunction(fmt.Sprintf("e%s%05d", tag, i)))
		},
		func(i int) error {
			return m.send(ctx, http.MethodPut, fmt.Sprintf("/functions/f%05d", i%sizeSmall), map[string]string{"description": fmt.Sprint(tag, i)})
		},
		func(i int) error {
			return m.send(ctx, http.MethodPost, fmt.Sprintf("/functions/e%s%05d/versions", tag, i), map[string]string{})
		},
		func(i int) error {
			return m.send(ctx, http.MethodGet, fmt.Sprintf("/functions/f%05d/versions?limit=5", i%sizeSmall), nil)
		},
	}
	medians := make([]time.Duration, len(asks))
	for a, ask := range asks {
		var took []time.Duration
		for i := range sizeTurns {
			start := time.Now()
			if err := ask(i); err != nil {
				return nil, err
			}
			took = append(took, time.Since(start))
		}
		medians[a] = median(took)
	}
	return medians, nil
}
