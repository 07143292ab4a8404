package bundle

import (
	"context"
	"os"
	"path/filepath"
)

// PackFile makes an archive that holds one file, under the given name or (empty)
// its own: a .jar that is run with `java -jar` must be there as it is, not
// unpacked.
func PackFile(ctx context.Context, file, name string, opts Options) (*Bundle, error) {
	full, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(full) // a link is followed
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &FileError{Path: file, Reason: "is not a file"}
	}
	if name == "" {
		name = filepath.Base(full)
	}
	if full, err = filepath.EvalSymlinks(full); err != nil {
		return nil, err
	}
	t := single{place: full, entry: Entry{
		Path: name, Mode: info.Mode(), Size: info.Size(), ModTime: info.ModTime(), id: identity(info),
	}}
	return pack(ctx, t, opts.withDefaults())
}

// single is a tree of one file.
type single struct {
	place string
	entry Entry
}

func (s single) top() string                        { return s.place }
func (s single) file(string) string                 { return s.place }
func (s single) walk(visit func(Entry) error) error { return visit(s.entry) }
func (s single) left() []string                     { return nil }
