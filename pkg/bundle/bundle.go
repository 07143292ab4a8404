// Package bundle turns a folder into the zip archive that FC runs: the same
// bytes for the same tree on every machine, without what .fcignore leaves out,
// within the service's limits.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"s/pkg/fc"
)

// Bundle is a finished archive.
type Bundle struct {
	Path     string // of the zip file on disk
	Size     int64  // bytes
	Checksum string // CRC-64/ECMA of the file, unsigned decimal, as codeChecksum has it
	Files    int    // entries other than folders
	Source   int64  // bytes before compression
	// LeftOut is what the default rules kept out, for the user to hear once:
	// paths, or the bare name of what may be anywhere (__pycache__).
	LeftOut []string
}

// Options says how to pack.
type Options struct {
	// Out is the zip file to write; it is replaced only when complete. Empty
	// makes a temporary file that the caller removes.
	Out string
	// Workers bounds the compressing goroutines; 0 is one per processor.
	Workers int
	// NoDefaultIgnore packs .git, .env*, .s, __pycache__ and .DS_Store too.
	NoDefaultIgnore bool
	// Limit is the largest archive in bytes; 0 is fc.MaxOSSCode.
	Limit int64
}

// Pack makes the archive of the folder at path. A path that is an archive
// itself (.zip, .jar, .war) is taken as it is. Errors about the tree are
// *FileError, *PatternError (a rule of .fcignore) and *TooLargeError; no
// partial archive is left behind.
func Pack(ctx context.Context, path string, opts Options) (*Bundle, error) {
	if opts.Limit <= 0 {
		opts.Limit = fc.MaxOSSCode
	}
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return take(path, opts)
	}
	listing, err := List(ctx, path, ListOptions{NoDefaultIgnore: opts.NoDefaultIgnore, Skip: opts.Out})
	if err != nil {
		return nil, err
	}
	return write(ctx, listing, opts)
}

// write packs the listing into a temporary file beside the target and moves it
// there.
func write(ctx context.Context, listing *Listing, opts Options) (b *Bundle, err error) {
	dir, pattern := "", "s-*.zip"
	if opts.Out != "" {
		dir, pattern = filepath.Dir(opts.Out), "."+filepath.Base(opts.Out)+".*"
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	tmp, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	z := newZipWriter(tmp, opts.Limit)
	if err := compress(ctx, listing, opts.Workers, z); err != nil {
		over := &TooLargeError{}
		if errors.As(err, &over) {
			over.Largest = largest(listing.Entries)
		}
		return nil, err
	}
	if err := tmp.Close(); err != nil {
		return nil, err
	}
	b = &Bundle{Path: tmp.Name(), Size: z.size(), Checksum: z.checksum(), LeftOut: listing.LeftOut}
	for _, e := range listing.Entries {
		if !e.Mode.IsDir() {
			b.Files++
			b.Source += e.Size
		}
	}
	if opts.Out != "" {
		if err := os.Rename(tmp.Name(), opts.Out); err != nil {
			return nil, err
		}
		b.Path = opts.Out
	}
	return b, nil
}

// FileError is a file that can't be packed.
type FileError struct {
	Path   string // relative to the folder that is packed, with slashes
	Reason string
	Err    error // what the system said, if it did
}

// Error names the file and the reason.
func (e *FileError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Path, e.Reason)
	}
	return fmt.Sprintf("%s: %s: %v", e.Path, e.Reason, reason(e.Err))
}

// Unwrap gives what the system said.
func (e *FileError) Unwrap() error { return e.Err }

// reason drops the operation and path of a system error: the path is told
// already.
func reason(err error) error {
	pe := &os.PathError{}
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// SizedFile is a file with its size in bytes before compression.
type SizedFile struct {
	Path string
	Size int64
}

// TooLargeError is an archive over the limit.
type TooLargeError struct {
	Limit   int64 // bytes
	Largest []SizedFile
}

// Error names the limit and the largest files.
func (e *TooLargeError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the code is larger than %s when packed", megabytes(e.Limit))
	for i, f := range e.Largest {
		if i == 0 {
			b.WriteString("; its largest files are ")
		} else {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s (%s)", f.Path, megabytes(f.Size))
	}
	return b.String()
}

func megabytes(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%.2f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d MB", n>>20)
}
