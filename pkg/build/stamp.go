package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"s/pkg/bundle"
	"s/pkg/toolchain"
)

// stampSuffix is appended to an artifact's path for the note of what it was
// made from.
const stampSuffix = ".build.json"

// builderVersion changes when artifacts would come out different from the same
// source.
const builderVersion = "1"

// racyWindow is how old a file must be for its time to tell of later changes:
// file systems keep time by ticks of some milliseconds.
const racyWindow = 50 * time.Millisecond

// stamp says what an artifact was made from.
type stamp struct {
	Source      string                `json:"source"` // fingerprint; empty if it couldn't be trusted
	Inputs      string                `json:"inputs"`
	Interpreter toolchain.Interpreter `json:"interpreter"`
}

// readStamp reads the note beside an artifact; a missing or damaged one is one
// that fits nothing.
func readStamp(artifactDir string) stamp {
	var s stamp
	data, err := os.ReadFile(artifactDir + stampSuffix)
	if err != nil || json.Unmarshal(data, &s) != nil {
		return stamp{}
	}
	return s
}

// current reports whether the artifact at the path is the one of that source
// and inputs, made by an interpreter that is there yet.
func (s stamp) current(artifactDir, source, inputs string) bool {
	if s.Source == "" || s.Source != source || s.Inputs != inputs {
		return false
	}
	if _, err := os.Stat(s.Interpreter.Path); err != nil {
		return false
	}
	info, err := os.Stat(artifactDir)
	return err == nil && info.IsDir()
}

func (s stamp) write(artifactDir string) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return replaceFile(artifactDir+stampSuffix, data)
}

// tree is the source as it is now.
type tree struct {
	*bundle.Listing
	print   string // fingerprint of names, sizes, modes and times
	settled bool   // the fingerprint would show any later change
}

// readTree lists the source of a request as it is packed: without what
// .fcignore leaves out.
func readTree(ctx context.Context, req Request) (*tree, error) {
	l, err := bundle.List(ctx, req.SourceDir, bundle.ListOptions{Skip: req.ArtifactDir})
	if err != nil {
		return nil, fmt.Errorf("source of %s: %w", req.Name, err)
	}
	t := &tree{Listing: l, settled: true}
	now := time.Now()
	hash := sha256.New()
	fmt.Fprintf(hash, "%q\n", l.Root)
	for _, e := range l.Entries {
		if now.Sub(e.ModTime) < racyWindow {
			t.settled = false
		}
		fmt.Fprintf(hash, "%q %o %d %d %q\n", e.Path, e.Mode, e.Size, e.ModTime.UnixNano(), e.Target)
	}
	t.print = hex.EncodeToString(hash.Sum(nil))
	return t, nil
}
