package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"s/pkg/local/store"
	"s/pkg/runtime/image"
	"s/pkg/toolchain"
)

// File names in the data directory.
const (
	infoName  = "daemon.json"
	logName   = "daemon.log"
	startName = "start.lock"
)

// ServeOptions says how the daemon process serves.
type ServeOptions struct {
	Home    string // of s
	Port    int    // of 127.0.0.1; 0 is any free one
	Version string // of s
	Exe     string // the program that runs
	// Toolchain finds interpreters; nil searches the system's own places.
	Toolchain *toolchain.Finder
	// Engines have images beside those in files and registries; nil is none.
	Engines []image.Engine
	// SharedDir, AssumeRole and IdleTimeout are as in Options.
	SharedDir   string
	AssumeRole  AssumeRole
	IdleTimeout time.Duration
	// Ready gets one line when the cloud serves or could not be started; nil if
	// nobody waits for it.
	Ready io.Writer
	// Started, if set, is told what clients must know once the cloud serves.
	Started func(Info)
	// Log gets what goes wrong later; nil drops it.
	Log io.Writer
}

// DataDir is the data directory of the local cloud below the home of s.
func DataDir(home string) string { return filepath.Join(home, "local") }

// record is the content of daemon.json.
type record struct {
	Info
	Build string `json:"build,omitempty"` // of the program that serves
}

// ready is the line that tells the starter how it went.
type ready struct {
	Error  string          `json:"error,omitempty"`
	Taken  *PortTakenError `json:"taken,omitempty"`
	Locked string          `json:"locked,omitempty"`
}

func readyLine(err error) ready {
	if err == nil {
		return ready{}
	}
	line := ready{Error: err.Error()}
	var locked *store.LockedError
	if errors.As(err, &locked) {
		line.Locked = locked.Path
	}
	errors.As(err, &line.Taken)
	return line
}

// err is what the line says, with the types that callers look for.
func (r ready) err() error {
	switch {
	case r.Taken != nil:
		return r.Taken
	case r.Locked != "":
		return &store.LockedError{Path: r.Locked}
	}
	return errors.New(r.Error)
}

// Serve is the daemon: it starts the cloud, says so, and serves until the
// context ends or a client asks for the end. The keys and the address are in
// daemon.json, which only the user may read, as long as it serves.
func Serve(ctx context.Context, o ServeOptions) error {
	cloud, err := start(ctx, o)
	if o.Ready != nil {
		_ = json.NewEncoder(o.Ready).Encode(readyLine(err)) // a starter that is gone waits for nothing
	}
	if err != nil {
		return err
	}
	if o.Started != nil {
		o.Started(cloud.Info())
	}
	select {
	case <-ctx.Done():
	case <-cloud.Stopped():
	}
	os.Remove(filepath.Join(cloud.Info().DataDir, infoName)) // a stale one is recognised
	return cloud.Close()
}

func start(ctx context.Context, o ServeOptions) (*Cloud, error) {
	cloud, err := Start(ctx, Options{
		DataDir: DataDir(o.Home), Version: o.Version, Log: o.Log, Toolchain: o.Toolchain, Engines: o.Engines,
		SharedDir: o.SharedDir, AssumeRole: o.AssumeRole, IdleTimeout: o.IdleTimeout,
		Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)),
	})
	if err != nil {
		return nil, err
	}
	info := cloud.Info()
	if err := writePrivate(filepath.Join(info.DataDir, infoName), record{info, buildOf(o.Exe)}); err != nil {
		return nil, errors.Join(err, cloud.Close())
	}
	return cloud, nil
}

// buildOf tells one build of s from another of the same version.
func buildOf(exe string) string {
	info, err := os.Stat(exe)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano())
}

// readRecord reads daemon.json; nil if there is none that can be read.
func readRecord(dir string) *record {
	text, err := os.ReadFile(filepath.Join(dir, infoName))
	if err != nil {
		return nil
	}
	var r record
	if json.Unmarshal(text, &r) != nil || r.Endpoint == "" {
		return nil
	}
	return &r
}
