// Package bundle turns a folder into the zip archive that FC runs: the same
// bytes for the same tree on every machine, without what .fcignore leaves out,
// within the service's limits.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"s/pkg/diag"
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
	// paths, or the bare name of what may be anywhere (__pycache__). With an
	// index, it is what they did not keep out the last time.
	LeftOut []string
	// Reused is set if the archive was there already, made from the same tree.
	Reused bool
}

// Options says how to pack.
type Options struct {
	// Out is the zip file to write; it is replaced only when complete. Empty
	// makes a temporary file that the caller removes.
	Out string
	// Index keeps an index beside Out and takes from the archive there what it
	// says is unchanged. The bytes of the archive are the same with and without.
	Index bool
	// Workers bounds the compressing goroutines; 0 is one per processor.
	Workers int
	// NoDefaultIgnore packs .git, .env*, .s, __pycache__ and .DS_Store too.
	NoDefaultIgnore bool
	// Skip is a file or folder to leave out, if it is in the tree.
	Skip string
	// Limit is the largest archive in bytes; 0 is fc.MaxOSSCode.
	Limit int64
	// Looker looks at what is packed anew of a folder; nil if nobody does.
	Looker Looker

	now func() time.Time // nil is time.Now; for tests
}

// Looker has a look at the files of a folder that are packed, but those that are
// in the former archive already.
type Looker interface {
	// Look is given a file and its first bytes, up to 4096. It is called by
	// several goroutines.
	Look(e Entry, head []byte)
	// Verdict is asked when all was looked at. Its error ends the packing; the
	// former archive stays.
	Verdict() error
}

// lookAt is how many bytes of a file a Looker sees.
const lookAt = 4096

func (o Options) withDefaults() Options {
	if o.Limit <= 0 {
		o.Limit = fc.MaxOSSCode
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.now == nil {
		o.now = time.Now
	}
	o.Index = o.Index && o.Out != ""
	return o
}

// lister reads the folder that is packed.
func (o Options) lister(ctx context.Context, dir string) (*lister, error) {
	l, err := newLister(ctx, dir, ListOptions{NoDefaultIgnore: o.NoDefaultIgnore, Skip: o.Skip})
	if err != nil || o.Out == "" {
		return l, err
	}
	return l, l.spare(o.Out)
}

// Pack makes the archive of the folder at path. A path that is an archive
// itself (.zip, .jar, .war) is taken as it is. Errors about the tree are
// *FileError, *PatternError (a rule of .fcignore) and *TooLargeError; no
// partial archive is left behind.
func Pack(ctx context.Context, path string, opts Options) (*Bundle, error) {
	opts = opts.withDefaults()
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return take(path, opts)
	}
	l, err := opts.lister(ctx, path)
	if err != nil {
		return nil, err
	}
	made, err := pack(ctx, l, opts)
	if over := (*TooLargeError)(nil); errors.As(err, &over) {
		over.Report, _ = ReportFolder(ctx, path, opts) // the limit is told in any case
	}
	return made, err
}

// FileError is a file that can't be packed.
type FileError struct {
	Path   string // relative to the folder that is packed, with slashes
	Reason diag.Message
	Err    error // what the system said, if it did
	// Rule is the line of .fcignore by which what FC can't hold is left out; empty
	// if the file is something else.
	Rule string
}

// Error names the file and the reason.
func (e *FileError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *FileError) Wording() error {
	if e.Err == nil {
		return diag.Errorf("%s: %s", e.Path, e.Reason)
	}
	return diag.Errorf("%s: %s: %w", e.Path, e.Reason, reason(e.Err))
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

// TooLargeError is an archive over the limit.
type TooLargeError struct {
	Limit  int64   // bytes
	Report *Report // what is large; nil if that can't be told
}

// Error names the limit and the largest files.
func (e *TooLargeError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *TooLargeError) Wording() error {
	if e.Report == nil || len(e.Report.Files) == 0 {
		return diag.Errorf("the code is larger than %s when packed", Megabytes(e.Limit))
	}
	var files []string
	for _, f := range e.Report.Files[:min(5, len(e.Report.Files))] {
		files = append(files, fmt.Sprintf("%s (%s)", f.Path, Megabytes(f.Size)))
	}
	return diag.Errorf("the code is larger than %s when packed; its largest files are %s", Megabytes(e.Limit), strings.Join(files, ", "))
}

// Megabytes shows a number of bytes in MB.
func Megabytes(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%.2f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d MB", n>>20)
}
