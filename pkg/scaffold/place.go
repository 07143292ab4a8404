package scaffold

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// NotEmptyError says that the target folder holds something already.
type NotEmptyError struct {
	Dir string
}

// Error names the folder.
func (e *NotEmptyError) Error() string { return fmt.Sprintf("folder %s isn't empty", e.Dir) }

// CheckTarget says whether a project may be made in dir: it doesn't exist, or
// is an empty folder, or force is set. The error is a *NotEmptyError, or says
// that dir is no folder.
func CheckTarget(dir string, force bool) error {
	_, err := targetExists(dir, force)
	return err
}

func targetExists(dir string, force bool) (bool, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case len(entries) > 0 && !force:
		return true, &NotEmptyError{Dir: dir}
	}
	return true, nil
}

// temporaryPattern names the folder that files are written to before they are
// moved in one go.
const temporaryPattern = ".s-init-*"

// place writes files to dir. They are written to a temporary folder first: one
// beside a new dir, which is then renamed; one inside a dir that exists (it may
// be the working directory, or a mount), to be moved one by one, with a way
// back.
func place(ctx context.Context, files []file, dir string, force bool) error {
	exists, err := targetExists(dir, force)
	if err != nil {
		return err
	}
	if exists {
		return placeIn(ctx, files, dir)
	}
	parent, err := filepath.Abs(filepath.Dir(dir))
	if err != nil {
		return err
	}
	made, err := makeParents(parent)
	if err == nil {
		err = placeNew(ctx, files, parent, dir)
	}
	if err != nil {
		removeEmpty(made)
	}
	return err
}

// placeNew makes dir, which doesn't exist, in parent, which does.
func placeNew(ctx context.Context, files []file, parent, dir string) error {
	temporary, err := os.MkdirTemp(parent, temporaryPattern)
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	fresh := filepath.Join(temporary, "new")
	if err := write(ctx, files, fresh); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

// placeIn moves files into dir, which exists.
func placeIn(ctx context.Context, files []file, dir string) error {
	temporary, err := os.MkdirTemp(dir, temporaryPattern)
	if err != nil {
		return err
	}
	fresh := filepath.Join(temporary, "new")
	if err := write(ctx, files, fresh); err != nil {
		return errors.Join(err, os.RemoveAll(temporary))
	}
	m := merge{dir: dir, backup: filepath.Join(temporary, "old")}
	if err := m.moveAll(ctx, files, fresh); err != nil {
		if lost := m.undo(); lost != nil {
			// The user's files that couldn't go back stay in temporary.
			return errors.Join(err, lost)
		}
		return errors.Join(err, os.RemoveAll(temporary))
	}
	return os.RemoveAll(temporary)
}

// write makes files below dir.
func write(ctx context.Context, files []file, dir string) error {
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.data, f.mode); err != nil {
			return err
		}
	}
	return nil
}

// merge moves files into a folder and remembers how to take it back.
type merge struct {
	dir    string
	backup string   // where replaced files are kept
	made   []string // folders made, outermost first
	moved  []moved
}

type moved struct {
	name     string
	replaced bool
}

func (m *merge) moveAll(ctx context.Context, files []file, from string) error {
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := filepath.FromSlash(f.name)
		if err := m.move(filepath.Join(from, name), name); err != nil {
			return err
		}
	}
	return nil
}

// move puts the file from at name below dir.
func (m *merge) move(from, name string) error {
	to := filepath.Join(m.dir, name)
	made, err := makeParents(filepath.Dir(to))
	m.made = append(m.made, made...)
	if err != nil {
		return err
	}
	info, err := os.Lstat(to)
	replaced := err == nil
	switch {
	case replaced && info.IsDir():
		return fmt.Errorf("%s is a folder where the template has a file", to)
	case replaced:
		kept := filepath.Join(m.backup, name)
		if err := os.MkdirAll(filepath.Dir(kept), 0o700); err != nil {
			return err
		}
		if err := os.Rename(to, kept); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.Rename(from, to); err != nil {
		if replaced {
			err = errors.Join(err, os.Rename(filepath.Join(m.backup, name), to))
		}
		return err
	}
	m.moved = append(m.moved, moved{name, replaced})
	return nil
}

// undo restores dir.
func (m *merge) undo() error {
	var errs []error
	for _, done := range slices.Backward(m.moved) {
		name := done.name
		to := filepath.Join(m.dir, name)
		if done.replaced {
			errs = append(errs, os.Rename(filepath.Join(m.backup, name), to))
		} else {
			errs = append(errs, os.Remove(to))
		}
	}
	removeEmpty(m.made)
	return errors.Join(errs...)
}

// makeParents makes dir and what is missing above it, and gives what it has
// made, outermost first.
func makeParents(dir string) ([]string, error) {
	var missing []string
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(d) == d {
			break
		}
		missing = append([]string{d}, missing...)
	}
	for i, d := range missing {
		if err := os.Mkdir(d, 0o755); err != nil {
			return missing[:i], err
		}
	}
	if info, err := os.Stat(dir); err != nil {
		return missing, err
	} else if !info.IsDir() {
		return missing, &fs.PathError{Op: "mkdir", Path: dir, Err: errNotFolder}
	}
	return missing, nil
}

var errNotFolder = errors.New("a file is in the way")

// removeEmpty removes folders, innermost first, that are still empty.
func removeEmpty(dirs []string) {
	for _, dir := range slices.Backward(dirs) {
		os.Remove(dir) // one that isn't empty isn't ours alone: it stays
	}
}
