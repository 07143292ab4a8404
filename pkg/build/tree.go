package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"s/pkg/bundle"
	"s/pkg/diag"
)

// racyWindow is how old a file must be for its time to tell of later changes:
// file systems keep time by ticks of some milliseconds.
const racyWindow = 50 * time.Millisecond

// tree is a source folder as it is now. Of code that isn't a folder it is
// empty.
type tree struct {
	*bundle.Listing
	print   string // fingerprint of names, sizes, modes and times
	settled bool   // the fingerprint would show any later change
}

func (t *tree) leftOut() []string {
	if t.Listing == nil {
		return nil
	}
	return t.LeftOut
}

// readTree lists a folder.
func readTree(ctx context.Context, dir string, opts bundle.ListOptions) (*tree, error) {
	l, err := bundle.List(ctx, dir, opts)
	if err != nil {
		return nil, err
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

// content sums up names, modes and contents: the same files anywhere give the
// same sum.
func (t *tree) content(ctx context.Context) (string, error) {
	sum := sha256.New()
	for _, e := range t.Entries {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%q %o %q\n", e.Path, e.Mode&(fs.ModeType|0o111), e.Target)
		if !e.Mode.IsRegular() {
			continue
		}
		if err := addFile(sum, filepath.Join(t.Root, filepath.FromSlash(e.Path))); err != nil {
			return "", &bundle.FileError{Path: e.Path, Reason: "cannot be read", Err: err}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// addFile adds the content of a file, with its length, so that no two sequences
// of files sum up alike.
func addFile(sum io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(sum, f)
	fmt.Fprintf(sum, "\n%d\n", n)
	return err
}

// trees are all folders that a build reads.
type trees struct {
	code  *tree
	roots map[string]*tree // of parts that compile
}

// readTrees lists the code as it is packed, without what .fcignore leaves out,
// and what is compiled, with it: a source file needn't be part of the package.
// What of that can't be in a package (links that lead elsewhere, sockets) was
// refused by then, or is none of the code's.
func readTrees(ctx context.Context, req Request, parts []part) (*trees, error) {
	t := &trees{code: &tree{settled: true}, roots: map[string]*tree{}}
	var err error
	if req.Folder() {
		opts := bundle.ListOptions{Skip: req.ArtifactDir, Leave: leave(parts), NoDefaultIgnore: req.NoDefaultIgnore, AnyLink: req.Image != ""}
		if t.code, err = readTree(ctx, req.SourceDir, req.spare(req.SourceDir, opts)); err != nil {
			return nil, diag.Errorf("source of %s: %w", req.Name, err)
		}
	}
	for _, p := range parts {
		if !p.plan.Compiles {
			continue
		}
		if p.plan.Root == "" {
			p.plan.Root = req.SourceDir
		}
		opts := bundle.ListOptions{
			Skip: req.ArtifactDir, NoIgnoreFiles: true, NoOdd: true, AnyLink: req.Image != "", Leave: p.plan.Skip, EnvFiles: !p.plan.NoEnvFiles, NoDefaultIgnore: req.NoDefaultIgnore,
		}
		if t.roots[p.Name()], err = readTree(ctx, p.plan.Root, req.spare(p.plan.Root, opts)); err != nil {
			return nil, diag.Errorf("source of %s: %w", req.Name, err)
		}
	}
	return t, nil
}

// spare keeps what s itself writes, beside s.yaml, from being read as source where
// nothing is left out by default.
func (r *Request) spare(root string, opts bundle.ListOptions) bundle.ListOptions {
	if !opts.NoDefaultIgnore {
		return opts
	}
	own, leave := filepath.Join(r.ProjectDir, ".s"), opts.Leave
	opts.Leave = func(path string) bool {
		return filepath.Join(root, filepath.FromSlash(path)) == own || leave != nil && leave(path)
	}
	return opts
}

// root is the tree that a plan compiles.
func (t *trees) root(b Builder) *tree { return t.roots[b.Name()] }

// print is the fingerprint of all.
func (t *trees) print() string {
	sum := sha256.New()
	fmt.Fprintln(sum, t.code.print)
	for _, name := range sortedKeys(t.roots) {
		fmt.Fprintln(sum, name, t.roots[name].print)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// settled reports whether the fingerprint would show any later change.
func (t *trees) settled() bool {
	for _, r := range t.roots {
		if !r.settled {
			return false
		}
	}
	return t.code.settled
}
