package rloader

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// hostFiles of the network are the host's in every container, as with Docker.
var hostFiles = [...]string{"/etc/resolv.conf", "/etc/hosts"}

// image makes an image the new root, and the working directory: its layers with
// what every container has (/proc, /dev, /sys, the host's names of the network).
// The image's own links may lead anywhere, so no path of it is used before
// they are resolved within.
func (b *builder) image(order *Order) error {
	if err := mountImage(order); err != nil {
		return err
	}
	for name, mode := range map[string]os.FileMode{"proc": 0o555, "sys": 0o555, "dev": 0o755} {
		b.own(name, mode)
	}
	b.proc(order.GuardProc)
	b.bindOn("/sys", "sys", unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID)
	if b.err == nil {
		b.fail("mount", "dev", unix.Mount("tmpfs", "dev", "tmpfs", unix.MS_NOSUID|unix.MS_NOEXEC, "mode=755,size=64k"))
	}
	b.devices()
	b.tmp()
	for _, file := range hostFiles {
		b.hostFile(file)
	}
	if dir, err := inside(order.Dir); err == nil { // a WORKDIR is made if it is missing
		b.dir(dir, 0o755)
	}
	b.mounts(order)
	return b.err
}

// mountImage mounts the image below order.Root, where an empty tmpfs is, and
// enters it.
func mountImage(order *Order) error {
	img := order.Image
	if img.Tree != "" {
		if err := unix.Mount(img.Tree, ".", "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", img.Tree, err)
		}
		return unix.Chdir(order.Root)
	}
	// On the disk, or if that can't carry an upper layer (being one itself), in
	// memory.
	err := overlay(img, img.Scratch, order.Root)
	if err != nil {
		if unix.Mount("tmpfs", order.Root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755") != nil || overlay(img, order.Root, order.Root) != nil {
			return partError{PartLayers, err}
		}
	}
	return unix.Chdir(filepath.Join(order.Root, "root"))
}

// overlay lays the layers of img over one another at root/root, with a folder
// for changes in scratch.
func overlay(img *Image, scratch, root string) error {
	upper, work, at := filepath.Join(scratch, "upper"), filepath.Join(scratch, "work"), filepath.Join(root, "root")
	for _, dir := range []string{upper, work, at} {
		if err := unix.Mkdir(dir, 0o755); err != nil && err != unix.EEXIST {
			return fmt.Errorf("make %s: %w", dir, err)
		}
	}
	// Options have to fit in a page; names from here are short.
	if err := unix.Chdir(img.Dir); err != nil {
		return fmt.Errorf("enter %s: %w", img.Dir, err)
	}
	options := "lowerdir=" + strings.Join(img.Layers, ":") + ",upperdir=" + escaped(upper) + ",workdir=" + escaped(work)
	if img.UserXattr {
		options += ",userxattr"
	}
	if len(options) >= os.Getpagesize() {
		return unix.E2BIG
	}
	return unix.Mount("overlay", at, "overlay", unix.MS_NOSUID|unix.MS_NODEV, options)
}

// escaped is a path as a mount option.
func escaped(path string) string { return strings.NewReplacer(`\`, `\\`, ",", `\,`).Replace(path) }

// own makes sure that a name at the root is a folder of the image and not a link
// to elsewhere.
func (b *builder) own(name string, mode os.FileMode) {
	if b.err != nil {
		return
	}
	var st unix.Stat_t
	if unix.Lstat(name, &st) == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR {
		b.fail("replace", name, unix.Unlink(name))
	}
	b.dir(name, mode)
}

// tmp makes /tmp, which images from scratch lack.
func (b *builder) tmp() {
	if _, err := os.Lstat("tmp"); err != nil {
		b.shared("tmp")
	}
}

// hostFile shows a file of the host's under its name, wherever the image's links
// make that be. An image that has no place for it does without.
func (b *builder) hostFile(name string) {
	source, err := filepath.EvalSymlinks(name)
	if err != nil || b.err != nil {
		return
	}
	target, err := inside(name)
	if err != nil {
		return
	}
	b.file(target, 0o644)
	if b.err != nil {
		b.err = nil
		return
	}
	b.bindOn(source, target, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
}
