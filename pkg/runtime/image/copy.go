package image

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Overlays reports whether overlayfs can lay the layers of an image over one
// another, as far as they themselves tell.
func (img *Image) Overlays() bool {
	return !slices.ContainsFunc(img.Layers, func(name string) bool {
		n, err := readNotes(filepath.Join(img.Dir, name))
		return err != nil || !n.Overlays
	})
}

// Trees gives the folders of the layers within Dir, the uppermost first, as
// overlayfs wants them.
func (img *Image) Trees() []string {
	trees := make([]string, 0, len(img.Layers))
	for _, name := range slices.Backward(img.Layers) {
		trees = append(trees, name+"/"+treeName)
	}
	return trees
}

func readNotes(dir string) (notes, error) {
	var n notes
	text, err := os.ReadFile(filepath.Join(dir, notesName))
	if err != nil {
		return n, err
	}
	return n, json.Unmarshal(text, &n)
}

// CopyTo makes the file system of an image in dir, which is empty: where the
// kernel doesn't lay layers over one another. Where the disk can share the
// contents of files, they take no room.
func (img *Image) CopyTo(dir string) error {
	for _, name := range img.Layers {
		layer := filepath.Join(img.Dir, name)
		n, err := readNotes(layer)
		if err != nil {
			return err
		}
		if err := n.clear(dir); err != nil {
			return err
		}
		c := copier{from: filepath.Join(layer, treeName), to: dir, links: map[fileID]string{}}
		if err := filepath.WalkDir(c.from, c.visit); err != nil {
			return err
		}
		if err := c.finish(); err != nil {
			return err
		}
	}
	return nil
}

// clear removes from dir what the layer takes away.
func (n notes) clear(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	gone := slices.Concat(n.Removed, n.Opaque)
	if slices.Contains(gone, ".") {
		gone, err = names(dir)
		if err != nil {
			return err
		}
	}
	for _, name := range gone {
		// A link on the way belongs to another file than the one meant.
		if err := root.RemoveAll(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	list := make([]string, 0, len(entries))
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list, err
}

// fileID tells hard links to one file.
type fileID struct{ device, inode uint64 }

// copier copies one layer's tree over what is there.
type copier struct {
	from, to string
	links    map[fileID]string
	dirs     []string
}

func (c *copier) visit(path string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(c.from, path)
	if err != nil {
		return err
	}
	info, err := d.Info()
	if err != nil || isWhiteout(info) {
		return err
	}
	to := filepath.Join(c.to, rel)
	if d.IsDir() {
		c.dirs = append(c.dirs, rel)
		if old, err := os.Lstat(to); err == nil && old.IsDir() {
			return nil
		}
		return errors.Join(os.RemoveAll(to), os.Mkdir(to, 0o700))
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	id, several := idOfFile(info)
	if first, ok := c.links[id]; several && ok {
		return os.Link(first, to)
	}
	if several {
		c.links[id] = to
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		if err := os.Symlink(target, to); err != nil {
			return err
		}
		return sameOwner(to, info)
	case info.Mode().IsRegular():
		err = copyFile(path, to)
	default:
		err = makeSpecial(to, info)
	}
	return errors.Join(err, sameAttributes(to, info))
}

// finish gives the folders their rights and times, the innermost first.
func (c *copier) finish() error {
	for _, rel := range slices.Backward(c.dirs) {
		info, err := os.Lstat(filepath.Join(c.from, rel))
		if err == nil {
			err = sameAttributes(filepath.Join(c.to, rel), info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func sameAttributes(path string, info fs.FileInfo) error {
	if err := sameOwner(path, info); err != nil {
		return err
	}
	mode := info.Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
	if err := os.Chmod(path, mode); err != nil {
		return err
	}
	return os.Chtimes(path, info.ModTime(), info.ModTime())
}

// copyFile copies a file, sharing its content where the disk can.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = shareContent(in, out); err != nil {
		_, err = io.Copy(out, in)
	}
	return errors.Join(err, out.Close())
}
