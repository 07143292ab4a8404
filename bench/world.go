package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"s/pkg/fc/fcsign"
)

// World is a folder with a project, a home and a local cloud of its own.
type World struct {
	Dir    string // the project's
	root   string
	binary string
	env    []string
	lasts  time.Duration // how long it takes, where that can be chosen; 0 is as it likes

	closers []func() // what else runs for it
}

func newWorld(binary string) (*World, error) {
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("%w (make build makes it)", err)
	}
	root, err := os.MkdirTemp("", "s-bench-")
	if err != nil {
		return nil, err
	}
	w := &World{Dir: filepath.Join(root, "project"), root: root, binary: binary}
	for _, dir := range []string{w.Dir, w.home()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	// The user's own HOME: their interpreters and package caches are theirs.
	w.env = append(os.Environ(), "S_HOME="+w.home(), "S_LOCAL_PORT=0", "NO_COLOR=1", "LANG=C.UTF-8", "LC_ALL=")
	return w, nil
}

func (w *World) home() string { return filepath.Join(w.root, "home") }

// Close stops the local cloud and removes the world.
func (w *World) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_ = w.command(ctx, "local", "down").Run() // none may run
	return os.RemoveAll(w.root)
}

// Write makes files of the project.
func (w *World) Write(files map[string]string) error {
	for name, content := range files {
		path := filepath.Join(w.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, w.binary, args...)
	cmd.Env, cmd.Dir = w.env, w.Dir
	return cmd
}

// Use is what a command took.
type Use struct {
	Wall   time.Duration
	MaxRSS int64 // bytes
	Stdout string
}

// S runs s; an error shows what it printed.
func (w *World) S(ctx context.Context, args ...string) (Use, error) {
	cmd := w.command(ctx, args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	start := time.Now()
	err := cmd.Run()
	use := Use{Wall: time.Since(start), Stdout: out.String()}
	if err != nil {
		return use, fmt.Errorf("s %s: %w\n%s%s", strings.Join(args, " "), err, &out, &errOut)
	}
	use.MaxRSS = maxRSS(cmd.ProcessState)
	return use, nil
}

// API is where the local cloud of a world answers, and as whom to ask.
type API struct {
	Endpoint  string
	Host      string // host:port of Endpoint
	AccountID string
	Keys      fcsign.Keys
}

// API reads `s local env`.
func (w *World) API(ctx context.Context) (*API, error) {
	use, err := w.S(ctx, "local", "env")
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	for line := range strings.Lines(use.Stdout) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		env[name] = strings.Trim(value, `'"`)
	}
	endpoint := env["FC_ENDPOINT"]
	return &API{
		Endpoint:  endpoint,
		AccountID: env["FC_ACCOUNT_ID"],
		Host:      strings.TrimPrefix(endpoint, "http://"),
		Keys: fcsign.Keys{
			AccessKeyID:     env["ALIBABA_CLOUD_ACCESS_KEY_ID"],
			AccessKeySecret: env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
		},
	}, nil
}
