package rloader

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// systemFolders of the host are visible in every instance, read-only. /opt,
// /var, /home, /root, /run and the rest are not: they are FC's or the user's.
var systemFolders = [...]string{
	"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "sys",
	"nix", "gnu", // interpreters and libraries of NixOS and Guix
}

// strayFiles are files in /etc that some distributions keep elsewhere.
var strayFiles = [...]string{"/etc/resolv.conf", "/etc/hosts", "/etc/localtime"}

// builder makes the new root. The first error stops it; paths are relative to
// the new root, which is the working directory.
type builder struct{ err error }

// enterRoot builds the file system of order and makes it the root. The mount
// namespace is the caller's own already.
func enterRoot(order *Order) error {
	unix.Umask(0)
	defer unix.Umask(0o022)
	// Slave, not private: a disk that the user mounts while this process waits
	// for an order can still be bound.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("detach from the host's mounts: %w", err)
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV)
	if err := unix.Mount("tmpfs", order.Root, "tmpfs", flags, "mode=755,size=64m"); err != nil {
		return fmt.Errorf("mount a root on %s: %w", order.Root, err)
	}
	if err := unix.Chdir(order.Root); err != nil {
		return err
	}
	b := &builder{}
	if order.Image != nil {
		if err := b.image(order); err != nil {
			return err
		}
	} else {
		b.system()
		b.proc(order.GuardProc)
		b.devices()
		b.layout(order)
	}
	if b.err != nil {
		return b.err
	}
	return pivot()
}

// pivot makes the working directory the root and lets go of the old one.
func pivot() error {
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the host's root: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	return unix.Chdir("/")
}

func (b *builder) fail(what, path string, err error) {
	if b.err == nil && err != nil {
		b.err = fmt.Errorf("%s /%s: %w", what, strings.TrimPrefix(path, "/"), err)
	}
}

// dir makes a folder and its parents.
func (b *builder) dir(path string, mode os.FileMode) {
	if b.err != nil {
		return
	}
	err := unix.Mkdir(path, uint32(mode.Perm()))
	if err == unix.ENOENT {
		b.dir(filepath.Dir(path), 0o755)
		err = unix.Mkdir(path, uint32(mode.Perm()))
	}
	if err == unix.EEXIST {
		return
	}
	b.fail("make", path, err)
}

// shared makes a folder where everybody may write, as /tmp is.
func (b *builder) shared(path string) {
	b.dir(path, 0o777)
	if b.err == nil {
		b.fail("make", path, unix.Chmod(path, 0o1777))
	}
}

// file makes an empty file to mount on.
func (b *builder) file(path string, mode uint32) {
	b.dir(filepath.Dir(path), 0o755)
	if b.err != nil {
		return
	}
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, mode)
	if err != nil {
		b.fail("make", path, err)
		return
	}
	unix.Close(fd)
}

func (b *builder) link(target, path string) {
	if b.err == nil {
		b.fail("link", path, unix.Symlink(target, path))
	}
}

// bind mounts source, with all that is mounted below it, on path, which it
// makes. attrs are MOUNT_ATTR_ bits for all of it.
func (b *builder) bind(source, path string, attrs uint64) {
	if b.err != nil {
		return
	}
	var st unix.Stat_t
	if err := unix.Stat(source, &st); err != nil {
		b.fail("mount "+source+" on", path, err)
		return
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		b.dir(path, 0o755)
	} else {
		b.file(path, 0o644)
	}
	b.bindOn(source, path, attrs)
}

// bindOn is bind onto something that is there.
func (b *builder) bindOn(source, path string, attrs uint64) {
	if b.err != nil {
		return
	}
	if err := unix.Mount(source, path, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		b.fail("mount "+source+" on", path, err)
		return
	}
	if attrs == 0 {
		return
	}
	err := unix.MountSetattr(unix.AT_FDCWD, path, unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: attrs})
	if err == unix.ENOSYS { // before Linux 5.12
		err = remount(path, attrs)
	}
	b.fail("protect", path, err)
}

// remount sets attrs on one mount the old way, keeping the flags that a user
// namespace is not allowed to clear. MOUNT_ATTR_ and MS_ agree in these bits.
func remount(path string, attrs uint64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return err
	}
	keep := uintptr(st.Flags) & (unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_NOATIME | unix.MS_NODIRATIME)
	if st.Flags&unix.ST_RELATIME != 0 {
		keep |= unix.MS_RELATIME
	}
	return unix.Mount("", path, "", unix.MS_REMOUNT|unix.MS_BIND|keep|uintptr(attrs), "")
}

// system shows the host's own folders, symbolic links as such.
func (b *builder) system() {
	for _, name := range systemFolders {
		var st unix.Stat_t
		if unix.Lstat("/"+name, &st) != nil {
			continue
		}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFLNK:
			target, err := os.Readlink("/" + name)
			b.fail("read", name, err)
			b.link(target, name)
		case unix.S_IFDIR:
			b.bind("/"+name, name, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID)
		}
	}
	b.dir("run/lock", 0o755)
	b.dir("root", 0o700)
	for _, path := range [...]string{"home", "mnt", "opt", "srv", "code", "var/cache", "var/lib", "var/log", "var/fc/runtime", "var/fc/lang"} {
		b.dir(path, 0o755)
	}
	b.shared("var/tmp")
	b.link("/run", "var/run")
	for _, path := range strayFiles {
		b.stray(path)
	}
	if _, err := os.Lstat("/var/lib/ca-certificates"); err == nil { // openSUSE
		b.bind("/var/lib/ca-certificates", "var/lib/ca-certificates", unix.MOUNT_ATTR_RDONLY)
	}
}

// stray shows the file that a symbolic link in /etc leads to, if it is outside
// of the folders that are shown anyway: /run/systemd/resolve/stub-resolv.conf.
func (b *builder) stray(path string) {
	if _, err := os.Readlink(path); err != nil {
		return
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return // dangling on the host too
	}
	target = strings.TrimPrefix(target, "/")
	if first, _, _ := strings.Cut(target, "/"); slices.Contains(systemFolders[:], first) {
		return
	}
	b.bind("/"+target, target, unix.MOUNT_ATTR_RDONLY)
}

// layout mounts what is the instance's own.
func (b *builder) layout(order *Order) {
	switch {
	case order.TmpImage != "" && b.disk(order, "tmp"):
	case order.TmpDir == "":
		b.shared("tmp")
	default:
		b.bind(order.TmpDir, "tmp", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
	}
	b.file(Path[1:], 0o755)
	if _, err := os.Stat(order.Self); err == nil { // it may have been rebuilt since
		b.bindOn(order.Self, Path[1:], unix.MOUNT_ATTR_RDONLY)
	}
	b.mounts(order)
}

// mounts shows what the order says.
func (b *builder) mounts(order *Order) {
	for _, folder := range order.Folders {
		b.dir(strings.TrimPrefix(folder, "/"), 0o755)
	}
	mounts := slices.Clone(order.Mounts)
	slices.SortStableFunc(mounts, func(x, y Mount) int { return len(x.Target) - len(y.Target) })
	for _, m := range mounts {
		attrs := uint64(unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV)
		if m.ReadOnly {
			attrs |= unix.MOUNT_ATTR_RDONLY
		}
		path, err := inside(m.Target)
		if err != nil {
			b.fail("mount "+m.Source+" on", m.Target, err)
		}
		b.bind(m.Source, path, attrs)
	}
}

// maxLinks is how many symbolic links the kernel follows, too (path_resolution(7)).
const maxLinks = 40

// inside turns a path of the instance into one of the new root. Symbolic links
// on it, which the function's code may have brought, lead where they will lead
// in the instance, never to the host's folder of that name.
func inside(target string) (string, error) {
	rest := strings.Split(filepath.Clean("/"+target), "/")
	path, links := ".", 0
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		if name == ".." {
			path = filepath.Dir(path) // of ".", itself
			continue
		}
		next := filepath.Join(path, name)
		link, err := os.Readlink(next)
		if err != nil { // not a link, or not there yet
			path = next
			continue
		}
		if links++; links > maxLinks {
			return "", unix.ELOOP
		}
		if filepath.IsAbs(link) {
			path = "."
		}
		rest = append(strings.Split(link, "/"), rest...)
	}
	if path == "." { // it would be hidden by what it is mounted on
		return "", unix.EBUSY
	}
	return path, nil
}
