package build

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"s/pkg/bundle"
)

// copyTree copies what is listed, and what keep says (nil: all), into the folder
// to: modes, times and symbolic links kept. Nothing is shared with the source.
func copyTree(ctx context.Context, t *tree, to string, keep func(string) bool) error {
	if t.Listing == nil {
		return nil
	}
	made := map[string]bool{}
	for _, e := range t.Entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if keep != nil && !keep(e.Path) {
			continue
		}
		target := filepath.Join(to, filepath.FromSlash(e.Path))
		dir := filepath.Dir(target)
		if e.Mode.IsDir() {
			dir = target
		}
		if !made[dir] {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			made[dir] = true
		}
		var err error
		switch {
		case e.Mode.IsDir():
		case e.Mode&fs.ModeSymlink != 0:
			err = os.Symlink(e.Target, target)
		default:
			err = copyFile(filepath.Join(t.Root, filepath.FromSlash(e.Path)), target, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies one file and makes sure that it is the one that was listed.
// The kernel shares the blocks where the file system can.
func copyFile(from, to string, e bundle.Entry) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return &bundle.FileError{Path: e.Path, Reason: "cannot be read", Err: err}
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
	}()
	if _, err := io.Copy(out, in); err != nil {
		return &bundle.FileError{Path: e.Path, Reason: "cannot be copied", Err: err}
	}
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if info.Size() != e.Size || !info.ModTime().Equal(e.ModTime) {
		return &bundle.FileError{Path: e.Path, Reason: "changed while it was copied"}
	}
	if err := out.Chmod(e.Mode.Perm()); err != nil {
		return err
	}
	return os.Chtimes(to, e.ModTime, e.ModTime)
}

// CopyTree copies a file or folder to a path, less what no build reads (.git).
// What is there already is replaced, folders are joined.
func CopyTree(ctx context.Context, from, to string) error {
	return bring(ctx, from, to, NotPackage)
}

// copyAny copies all of a folder.
func copyAny(ctx context.Context, from, to string) error { return bring(ctx, from, to, nil) }

// CopyCode copies a folder as it would be packed, less what .fcignore and, unless
// all is set, the default rules leave out.
func CopyCode(ctx context.Context, from, to string, all bool) error {
	l, err := bundle.List(ctx, from, bundle.ListOptions{NoDefaultIgnore: all})
	if err != nil {
		return err
	}
	return copyTree(ctx, &tree{Listing: l}, to, func(path string) bool { return filepath.Base(path) != bundle.IgnoreFile })
}

// NotPackage tells by their names the folders that no build of a package reads.
func NotPackage(name string) bool { return name == ".git" || name == "__pycache__" || name == ".s" }

// bring makes the tree at from appear at to, less the folders that skip names.
func bring(ctx context.Context, from, to string, skip func(name string) bool) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel := strings.TrimPrefix(path, from)
		target := filepath.Join(to, rel)
		if d.IsDir() {
			if skip != nil && skip(d.Name()) {
				return fs.SkipDir
			}
			return folder(target)
		}
		if err := os.RemoveAll(target); err != nil {
			return err
		}
		return bringFile(path, target, strings.TrimPrefix(filepath.ToSlash(rel), "/"), d)
	})
}

// folder makes a folder in the place of whatever else is there.
func folder(path string) error {
	if info, err := os.Lstat(path); err == nil && !info.IsDir() {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return os.MkdirAll(path, 0o755)
}

// bringFile makes the file at path appear at target; rel is its name for errors.
func bringFile(path, target, rel string, d fs.DirEntry) error {
	if d.Type()&fs.ModeSymlink != 0 {
		text, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return os.Symlink(text, target)
	}
	info, err := d.Info()
	if err != nil {
		return err
	}
	return copyFile(path, target, bundle.Entry{
		Path: cmp.Or(rel, d.Name()), Mode: info.Mode(), Size: info.Size(), ModTime: info.ModTime(),
	})
}

// Move moves what is in a folder into another, which is empty, on the same file
// system.
func Move(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
