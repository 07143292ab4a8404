package store

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/flate"
)

// Bounds of what an archive may unpack to. FC gives an instance at most 10 GB
// of disk; real code rarely packs better than 20 to 1, a zip bomb 1000 to 1.
const (
	maxEntries      = 400_000
	maxUnpacked     = 10 << 30
	freeUnpacked    = 256 << 20
	maxRatio        = 100
	maxLinkTarget   = 4096
	creatorUnix     = 3
	creatorMacOS    = 19
	readableMode    = 0o444
	defaultFileMode = 0o644
)

// checkArchive reads the directory of an archive and refuses what could not be
// unpacked safely.
func checkArchive(archive []byte) error {
	return checkArchiveAt(bytes.NewReader(archive), int64(len(archive)))
}

func checkArchiveAt(archive io.ReaderAt, size int64) error {
	r, err := zip.NewReader(archive, size)
	if err != nil {
		return &CodeError{Why: strings.TrimPrefix(err.Error(), "zip: ")}
	}
	return checkEntries(r, size)
}

func checkEntries(r *zip.Reader, size int64) error {
	if len(r.File) > maxEntries {
		return &CodeError{Why: fmt.Sprintf("it has %d entries, more than %d", len(r.File), maxEntries)}
	}
	total, limit := uint64(0), uint64(unpackLimit(size))
	for _, f := range r.File {
		if !filepath.IsLocal(filepath.FromSlash(entryName(f))) {
			return &CodeError{Why: fmt.Sprintf("entry %q leads out of the code folder", f.Name)}
		}
		if total += f.UncompressedSize64; total > limit || f.UncompressedSize64 > limit {
			return tooBig(limit)
		}
	}
	return nil
}

// unpackLimit is how many bytes an archive of that size may unpack to.
func unpackLimit(size int64) int64 { return min(maxUnpacked, max(freeUnpacked, size*maxRatio)) }

func tooBig[T int64 | uint64](limit T) error {
	return &CodeError{Why: fmt.Sprintf("it unpacks to more than %d MB", limit>>20)}
}

// entryName is the name of an entry without the slash that marks a folder.
// Archives made on Windows may have backslashes.
func entryName(f *zip.File) string {
	return strings.TrimSuffix(slashed(f), "/")
}

// isFolderName reports whether an entry is a folder by its name, whose slash
// may be a backslash.
func isFolderName(f *zip.File) bool { return strings.HasSuffix(slashed(f), "/") }

func slashed(f *zip.File) string {
	if creator := f.CreatorVersion >> 8; creator != creatorUnix && creator != creatorMacOS {
		return strings.ReplaceAll(f.Name, `\`, "/")
	}
	return f.Name
}

// Unpack unpacks the archive at path into the folder dir, which is made. The
// error of an archive that can't be unpacked safely is a *CodeError.
func Unpack(archive, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return unpackFile(archive, dir)
}

// unpackFile unpacks the archive at path into the folder dir, which is empty.
// It never writes outside: os.Root refuses to, and symbolic links are made
// last.
func unpackFile(archive, dir string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	r, err := zip.NewReader(file, info.Size())
	if err != nil {
		return &CodeError{Why: err.Error()}
	}
	if err := checkEntries(r, info.Size()); err != nil {
		return err
	}
	r.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	u := &unpacker{root: root, left: unpackLimit(info.Size()), dirs: map[string]bool{".": true}, buffer: make([]byte, 64<<10)}
	return u.all(r.File)
}

// unpacker writes the entries of one archive.
type unpacker struct {
	root   *os.Root
	left   int64           // bytes it may still write
	dirs   map[string]bool // made already
	buffer []byte
}

func (u *unpacker) all(files []*zip.File) error {
	var links []*zip.File
	for _, f := range files {
		name := entryName(f)
		var err error
		switch mode := f.Mode(); {
		case name == "" || name == ".":
		case mode&fs.ModeSymlink != 0:
			links = append(links, f)
		case mode.IsDir() || isFolderName(f):
			err = u.mkdir(name)
		case mode.IsRegular():
			err = u.file(f, name)
		default:
			err = &CodeError{Why: fmt.Sprintf("entry %q is neither a file, a folder nor a link", f.Name)}
		}
		if err != nil {
			return unusable(f, err)
		}
	}
	for _, f := range links {
		if err := u.link(f, entryName(f)); err != nil {
			return unusable(f, err)
		}
	}
	return nil
}

// unusable says which entry could not be unpacked, unless it is the disk's
// fault.
func unusable(f *zip.File, err error) error {
	var code *CodeError
	if errors.As(err, &code) || isFull(err) {
		return err
	}
	return &CodeError{Why: fmt.Sprintf("entry %q: %v", f.Name, err)}
}

func (u *unpacker) mkdir(name string) error {
	name = path.Clean(name)
	if u.dirs[name] {
		return nil
	}
	if err := u.root.MkdirAll(name, 0o755); err != nil {
		return err
	}
	u.dirs[name] = true
	return nil
}

func (u *unpacker) file(f *zip.File, name string) error {
	if err := u.mkdir(path.Dir(name)); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := u.create(name)
	if err != nil {
		return err
	}
	n, err := io.CopyBuffer(onlyWriter{out}, io.LimitReader(in, u.left+1), u.buffer)
	if u.left -= n; u.left < 0 {
		err = &CodeError{Why: "it unpacks to more than it says"}
	}
	mode := f.Mode().Perm()
	if mode == 0 {
		mode = defaultFileMode
	}
	return errors.Join(err, out.Chmod(mode|readableMode), out.Close())
}

// create makes a file; a second entry of the same name replaces the first.
func (u *unpacker) create(name string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	out, err := u.root.OpenFile(name, flags, defaultFileMode)
	if !errors.Is(err, fs.ErrExist) {
		return out, err
	}
	if err := u.root.Remove(name); err != nil {
		return nil, err
	}
	return u.root.OpenFile(name, flags, defaultFileMode)
}

// link makes a symbolic link. An absolute target is one of the instance's own
// file system; a relative one must stay in the code folder.
func (u *unpacker) link(f *zip.File, name string) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	target, err := io.ReadAll(io.LimitReader(in, maxLinkTarget+1))
	if err != nil {
		return err
	}
	to := string(target)
	if to == "" || len(to) > maxLinkTarget || strings.ContainsRune(to, 0) {
		return &CodeError{Why: fmt.Sprintf("entry %q is a link without a usable target", f.Name)}
	}
	if !path.IsAbs(to) && !filepath.IsLocal(filepath.FromSlash(path.Join(path.Dir(name), to))) {
		return &CodeError{Why: fmt.Sprintf("entry %q links to %q, out of the code folder", f.Name, to)}
	}
	if err := u.mkdir(path.Dir(name)); err != nil {
		return err
	}
	return u.root.Symlink(to, name)
}

// onlyWriter hides ReadFrom, so that the one buffer is used.
type onlyWriter struct{ io.Writer }
