package image

import (
	"errors"
	"os"
	"path"
	"syscall"

	"golang.org/x/sys/unix"
)

// isWhiteout reports whether a file is overlayfs's mark of one that is taken
// away: a character device 0/0.
func isWhiteout(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode()&os.ModeCharDevice != 0 && st.Rdev == 0
}

// in calls do with a descriptor of a folder.
func (u *unpacker) in(name string, do func(fd int) error) error {
	dir, err := u.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(do(int(dir.Fd())), dir.Close())
}

// markRemoved marks a file as taken away for overlayfs.
func (u *unpacker) markRemoved(name string) error {
	return u.in(path.Dir(name), func(fd int) error {
		return unix.Mknodat(fd, path.Base(name), unix.S_IFCHR, 0)
	})
}

// opaqueAttributes mark a folder that hides those below: the first is heeded
// with the mount option userxattr, the second, which needs rights, without.
const (
	userOpaque    = "user.overlay.opaque"
	trustedOpaque = "trusted.overlay.opaque"
)

// markOpaque marks a folder for overlayfs.
func (u *unpacker) markOpaque(name string) error {
	return u.in(name, func(fd int) error {
		user := unix.Fsetxattr(fd, userOpaque, []byte("y"), 0)
		trusted := unix.Fsetxattr(fd, trustedOpaque, []byte("y"), 0)
		if errors.Is(trusted, unix.EPERM) {
			trusted = nil // a user's namespace, where the other one is heeded
		}
		return errors.Join(user, trusted)
	})
}

func (u *unpacker) fifo(name string) error {
	return u.in(path.Dir(name), func(fd int) error {
		return unix.Mknodat(fd, path.Base(name), unix.S_IFIFO|0o600, 0)
	})
}

// refusedOwner reports whether a file can't be given to another owner here: the
// user namespace doesn't have that one.
func refusedOwner(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EOVERFLOW)
}
