package image

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Bounds of what a layer may unpack to. FC's images have 10 GB at most; real
// layers pack 20 to 1, a bomb 1000 to 1.
const (
	maxUnpacked  = 16 << 30
	freeUnpacked = 1 << 30
	maxRatio     = 200
	maxEntries   = 1_000_000
)

// notesName is the file beside a layer's tree with what the tree itself may not
// be able to say.
const notesName = "layer.json"

// Names that say what a layer takes away from those below (image-spec, layer.md).
const (
	whiteoutPrefix = ".wh."
	opaqueName     = ".wh..wh..opq"
)

// notes of a layer: what it takes away from those below.
type notes struct {
	Hash     string   `json:"hash"`
	Removed  []string `json:"removed,omitempty"` // files and folders
	Opaque   []string `json:"opaque,omitempty"`  // folders of which nothing below shows
	Overlays bool     `json:"overlays"`          // the tree says the same to overlayfs
}

// unpackLimit is how many bytes something of that size may unpack to; -1 is a
// size that isn't known.
func unpackLimit(size int64) int64 {
	if size < 0 {
		return maxUnpacked
	}
	return min(maxUnpacked, max(freeUnpacked, size*maxRatio))
}

// unpack makes the folder of a layer.
func (s *Store) unpack(ctx context.Context, layer v1.Layer, hash v1.Hash, dir string) error {
	temp, err := os.MkdirTemp(filepath.Dir(dir), tempPrefix+"*")
	if err != nil {
		return err
	}
	err = unpackLayer(ctx, layer, hash, temp)
	if err == nil {
		err = os.Rename(temp, dir)
	}
	if err != nil {
		removeTree(temp)
	}
	return err
}

func unpackLayer(ctx context.Context, layer v1.Layer, hash v1.Hash, dir string) error {
	stream, err := layer.Uncompressed()
	if err != nil {
		return err
	}
	defer stream.Close()
	tree := filepath.Join(dir, treeName)
	if err := os.Mkdir(tree, 0o755); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := unpackTar(ctx, io.TeeReader(stream, sum), tree, unpackLimit(compressedSize(layer)))
	if err == nil {
		_, err = io.Copy(io.Discard, io.TeeReader(stream, sum)) // what follows the last entry counts, too
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return &LayerError{Layer: hash.String(), Why: err.Error()}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != hash.Hex {
		return &LayerError{Layer: hash.String(), Why: "its content has another hash, " + got}
	}
	n.Hash = hash.String()
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, notesName), text, 0o600)
}

// unpackTar unpacks a layer into dir, which is empty. It never writes outside:
// os.Root refuses to, and links on the way are followed as the container would.
func unpackTar(ctx context.Context, r io.Reader, dir string, limit int64) (notes, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return notes{}, err
	}
	defer root.Close()
	u := &unpacker{root: root, limit: limit, buffer: make([]byte, 128<<10), notes: notes{Overlays: true}, modes: map[string]*tar.Header{}}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return u.finish()
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = u.entry(h, t)
		}
		if err != nil {
			if h != nil {
				err = fmt.Errorf("%s: %w", h.Name, err)
			}
			return notes{}, err
		}
	}
}

// unpacker writes the entries of one layer.
type unpacker struct {
	root    *os.Root
	limit   int64 // bytes
	written int64
	count   int
	buffer  []byte
	notes   notes
	modes   map[string]*tar.Header // of folders, set when all is in them
	// The folder of the entry before: its name and where it is.
	lastNamed, lastAt string
}

func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	if u.count++; u.count > maxEntries {
		return fmt.Errorf("there are more than %d entries", maxEntries)
	}
	clean := path.Clean("/" + h.Name)[1:] // ".." at the root leads nowhere
	if clean == "" {
		if h.Typeflag == tar.TypeDir {
			u.modes["."] = h
		}
		return nil
	}
	if slices.Contains(strings.Split(h.Name, "/"), "..") {
		return errors.New("the name leads out of the image")
	}
	parent, err := u.parent(path.Dir(clean))
	if err != nil {
		return err
	}
	base := path.Base(clean)
	name := path.Join(parent, base)
	switch {
	case base == opaqueName:
		return u.opaque(parent)
	case strings.HasPrefix(base, whiteoutPrefix+whiteoutPrefix): // AUFS's own
		return nil
	case strings.HasPrefix(base, whiteoutPrefix):
		return u.whiteout(path.Join(parent, strings.TrimPrefix(base, whiteoutPrefix)))
	}
	return u.make(name, h, content)
}

// make makes a file, folder or link. A second entry of a name replaces the first.
func (u *unpacker) make(name string, h *tar.Header, content io.Reader) error {
	old, err := u.root.Lstat(name)
	there := err == nil
	if there && !(old.IsDir() && h.Typeflag == tar.TypeDir) {
		if err := u.root.RemoveAll(name); err != nil {
			return err
		}
		delete(u.modes, name)
		u.lastNamed = ""
	}
	switch h.Typeflag {
	case tar.TypeDir:
		u.modes[name] = h
		if there && old.IsDir() {
			return nil
		}
		if err := u.root.Mkdir(name, 0o700); err != nil {
			return err
		}
		if i := slices.Index(u.notes.Removed, name); i >= 0 { // taken away below and made anew
			u.notes.Removed = slices.Delete(u.notes.Removed, i, i+1)
			return u.opaque(name)
		}
		return nil
	case tar.TypeReg:
		err = u.file(name, h, content)
	case tar.TypeSymlink:
		err = u.root.Symlink(h.Linkname, name)
	case tar.TypeLink:
		return u.hardLink(name, h.Linkname)
	case tar.TypeFifo:
		err = u.fifo(name)
	default:
		return nil // a device, which instances have of their own, or a note of tar's
	}
	if err == nil {
		err = u.attributes(name, h)
	}
	return err
}

func (u *unpacker) file(name string, h *tar.Header, content io.Reader) error {
	if h.Size > u.limit-u.written {
		return fmt.Errorf("it unpacks to more than %d MB", u.limit>>20)
	}
	u.written += h.Size
	out, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{out}, content, u.buffer)
	return errors.Join(err, out.Close())
}

// hardLink links to a file of the same layer.
func (u *unpacker) hardLink(name, target string) error {
	clean := path.Clean("/" + target)[1:]
	if clean == "" {
		return errors.New("it is a link to nothing")
	}
	parent, err := u.folder(path.Dir(clean))
	if err != nil {
		return err
	}
	from := path.Join(parent, path.Base(clean))
	if info, err := u.root.Lstat(from); err != nil || info.IsDir() {
		return fmt.Errorf("it is a link to %s, which is no file of this layer", target)
	}
	return u.root.Link(from, name)
}

// parent is folder for the one that the next entries are likely to be in, too.
func (u *unpacker) parent(name string) (string, error) {
	if name == u.lastNamed {
		return u.lastAt, nil
	}
	at, err := u.folder(name)
	if err == nil {
		u.lastNamed, u.lastAt = name, at
	}
	return at, err
}

// maxLinks is how many symbolic links are followed (path_resolution(7)).
const maxLinks = 40

// folder makes a folder and its parents and gives it without symbolic links:
// those on the way lead where they will lead in the container.
func (u *unpacker) folder(name string) (string, error) {
	rest, at, links := strings.Split(name, "/"), ".", 0
	for len(rest) > 0 {
		next := rest[0]
		rest = rest[1:]
		switch next {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			continue
		}
		step := path.Join(at, next)
		info, err := u.root.Lstat(step)
		switch {
		case errors.Is(err, os.ErrNotExist):
			if err := u.root.Mkdir(step, 0o755); err != nil {
				return "", err
			}
		case err != nil:
			return "", err
		case info.Mode()&os.ModeSymlink != 0:
			target, err := u.root.Readlink(step)
			if err != nil {
				return "", err
			}
			if links++; links > maxLinks {
				return "", errors.New("too many symbolic links on the way")
			}
			if path.IsAbs(target) {
				at = "."
			}
			rest = append(strings.Split(target, "/"), rest...)
			continue
		case isWhiteout(info):
			if err := errors.Join(u.root.Remove(step), u.root.Mkdir(step, 0o755)); err != nil {
				return "", err
			}
			u.notes.Removed = slices.DeleteFunc(u.notes.Removed, func(r string) bool { return r == step })
			if err := u.opaque(step); err != nil {
				return "", err
			}
		case !info.IsDir():
			return "", fmt.Errorf("%s is no folder", step)
		}
		at = step
	}
	return at, nil
}

// whiteout notes that a layer below may have a file that isn't there any more.
func (u *unpacker) whiteout(name string) error {
	if path.Base(name) == "." || path.Base(name) == ".." {
		return errors.New("it takes away a folder that every folder has")
	}
	info, err := u.root.Lstat(name)
	if err == nil { // made anew by this layer
		if info.IsDir() {
			return u.opaque(name)
		}
		return nil
	}
	u.notes.Removed = append(u.notes.Removed, name)
	if u.markRemoved(name) != nil {
		u.notes.Overlays = false
	}
	return nil
}

// opaque notes that nothing of a folder below shows.
func (u *unpacker) opaque(name string) error {
	if slices.Contains(u.notes.Opaque, name) {
		return nil
	}
	u.notes.Opaque = append(u.notes.Opaque, name)
	if u.markOpaque(name) != nil {
		u.notes.Overlays = false
	}
	return nil
}

// finish gives the folders what their entries say, the innermost first: a folder
// may be protected from writing.
func (u *unpacker) finish() (notes, error) {
	names := make([]string, 0, len(u.modes))
	for name := range u.modes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		if err := u.attributes(name, u.modes[name]); err != nil {
			return notes{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return u.notes, nil
}

// attributes sets owner, rights and time. An ordinary user can't give files
// away: all are root's then, which that user is in the container.
func (u *unpacker) attributes(name string, h *tar.Header) error {
	if err := u.root.Lchown(name, h.Uid, h.Gid); err != nil && os.Geteuid() == 0 && !refusedOwner(err) {
		return err
	}
	if h.Typeflag == tar.TypeSymlink {
		return nil
	}
	mode := h.FileInfo().Mode() & (os.ModePerm | os.ModeSetuid | os.ModeSetgid | os.ModeSticky)
	if h.Typeflag == tar.TypeDir {
		mode |= 0o700 // so that whoever unpacked it can remove it
	}
	if err := u.root.Chmod(name, mode); err != nil {
		return err
	}
	return u.root.Chtimes(name, h.ModTime, h.ModTime)
}
