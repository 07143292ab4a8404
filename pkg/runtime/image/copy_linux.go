package image

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// idOfFile identifies a file; several reports that it has more than one name.
func idOfFile(info fs.FileInfo) (id fileID, several bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return id, false
	}
	return fileID{uint64(st.Dev), st.Ino}, st.Nlink > 1 //nolint:unconvert // not uint64 on every processor
}

func sameOwner(path string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if err := os.Lchown(path, int(st.Uid), int(st.Gid)); err != nil && !refusedOwner(err) {
		return err
	}
	return nil
}

// shareContent makes one file's content another's, without copying it.
func shareContent(in, out *os.File) error {
	return unix.IoctlFileClone(int(out.Fd()), int(in.Fd()))
}

func makeSpecial(path string, info fs.FileInfo) error {
	if info.Mode()&fs.ModeNamedPipe == 0 {
		return errors.ErrUnsupported
	}
	return unix.Mkfifo(path, 0o600)
}
