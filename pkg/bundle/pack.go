package bundle

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tree is what can be packed.
type tree interface {
	// top is what is packed: a folder, or a file.
	top() string
	// file is where an entry's file is.
	file(rel string) string
	// walk visits all entries, ordered as in the archive.
	walk(visit func(Entry) error) error
	// left tells after a walk what the default rules left out.
	left() []string
}

func (l *lister) top() string { return l.root }

func (l *lister) file(rel string) string { return filepath.Join(l.root, filepath.FromSlash(rel)) }

// pack makes the archive of a tree, from the former one where there is one.
func pack(ctx context.Context, t tree, opts Options) (*Bundle, error) {
	p := &packer{place: place{pattern: "s-*.zip"}, index: opts.Index, limit: opts.Limit}
	if opts.Out != "" {
		p.place = place{dir: filepath.Dir(opts.Out), pattern: tempPrefix(opts.Out) + "*"}
		if err := os.MkdirAll(p.dir, 0o755); err != nil {
			return nil, err
		}
		sweep(opts.Out, time.Now())
	}
	if opts.Index {
		if old, err := openFormer(opts.Out, t.top()); err == nil {
			defer old.close()
			if old.size <= opts.Limit {
				p.old = old
			}
		}
	}
	again := *p
	b, err := p.run(ctx, t, opts)
	if p.old == nil || !errors.Is(err, errIndex) {
		return b, err
	}
	again.old = nil // damaged: what it can't tell is found out
	return again.run(ctx, t, opts)
}

// run packs; it leaves nothing behind if it fails.
func (p *packer) run(ctx context.Context, t tree, opts Options) (*Bundle, error) {
	defer p.discard()
	p.now = opts.now()
	if p.old == nil {
		if err := p.begin(); err != nil {
			return nil, err
		}
	}
	if err := compress(ctx, t, opts, p); err != nil {
		return nil, err
	}
	if opts.Looker != nil {
		if err := opts.Looker.Verdict(); err != nil {
			return nil, err
		}
	}
	if p.z == nil && p.count != int(p.old.summary.records) {
		if err := p.begin(); err != nil { // some went away at the end
			return nil, err
		}
	}
	left := t.left()
	s := &summary{root: t.top(), files: uint64(p.files), source: p.source, leftOut: left}
	var err error
	if p.z == nil {
		err = p.reuse(s, opts.Out)
	} else {
		err = p.complete(s, opts.Out)
	}
	if err != nil {
		return nil, err
	}
	b := &Bundle{
		Path: p.finished, Size: s.size, Checksum: decimal(s.sum), Files: p.files, Source: p.source,
		LeftOut: left, Reused: p.z == nil,
	}
	if p.old != nil {
		b.LeftOut = slices.DeleteFunc(slices.Clone(left), func(name string) bool { return slices.Contains(p.old.leftOut, name) })
	}
	return b, nil
}

// reuse lets the former archive stand, and notes what changed of its files
// without changing it.
func (p *packer) reuse(s *summary, out string) error {
	p.finished = out
	s.size, s.sum, s.modTime, s.id = p.old.size, p.old.sum, p.old.modTime, p.old.id
	if p.old.moved || !slices.Equal(s.leftOut, p.old.leftOut) {
		if err := p.beginIndex(); err != nil {
			return err
		}
	}
	if p.idx == nil {
		return nil
	}
	if err := p.note(s, p.old.archive); err != nil {
		return err
	}
	p.old.close() // some systems don't replace what is open
	return p.idx.finish(s, out+indexSuffix)
}

// complete ends the archive and gives it and its index their names. Between the
// two, the index is the one of another archive, and not believed.
func (p *packer) complete(s *summary, out string) error {
	if err := p.z.close(); err != nil {
		return err
	}
	s.size, s.sum = p.z.size(), p.z.sum.Sum64()
	p.finished = p.file.Name()
	if p.old != nil {
		p.old.close()
	}
	if out != "" {
		if err := p.file.Close(); err != nil {
			return err
		}
		if err := os.Rename(p.file.Name(), out); err != nil {
			return err
		}
		p.finished = out
	} else if err := p.file.Close(); err != nil {
		return err
	}
	p.file = nil
	if p.idx == nil {
		return nil
	}
	f, err := os.Open(out)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := p.note(s, f); err != nil {
		return err
	}
	return p.idx.finish(s, out+indexSuffix)
}

// note puts into the summary what the system knows of the archive.
func (p *packer) note(s *summary, archive *os.File) error {
	info, err := archive.Stat()
	if err != nil {
		return err
	}
	s.modTime, s.id = info.ModTime().UnixNano(), identity(info)
	return nil
}

// tempPrefix begins the names of the files that become the archive at out or
// belong to it.
func tempPrefix(out string) string { return "." + filepath.Base(out) + ".tmp-" }

// abandoned is how long nothing was written to a temporary file whose process
// is gone.
const abandoned = time.Hour

// sweep removes what processes that were killed left of the archive at out.
func sweep(out string, now time.Time) {
	entries, err := os.ReadDir(filepath.Dir(out))
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix(out)) {
			continue
		}
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(filepath.Dir(out), e.Name()))
		}
	}
}
