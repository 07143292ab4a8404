package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"s/pkg/runtime/rloader"
)

// Assign makes a spare an instance of a function. The instance doesn't see the
// host's file system, so the mounts are made here, belonging to no place yet, and
// its rloader puts them in theirs.
func (p *process) Assign(ctx context.Context, a Assignment) error {
	if !p.l.namespaces() || !p.stays || len(a.Mounts) > rloader.MaxFiles {
		return ErrCantAssign
	}
	order := rloader.Order{Kind: rloader.KindAssign}
	var given files
	defer func() {
		for _, f := range given {
			f.file.Close()
		}
	}()
	for i, m := range a.Mounts {
		tree, err := detached(m)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrCantAssign, m.Source, err)
		}
		given.add(rloader.FileMount(i), tree)
		order.Mounts = append(order.Mounts, rloader.Mount(m))
	}
	if err := p.usage.limitTo(a.MemoryMB); err != nil {
		return err
	}
	if err := p.send(order, given); err != nil {
		return fmt.Errorf("give rloader its order: %w", err)
	}
	select {
	case why := <-p.assigned:
		if why != "" {
			return errors.New(why)
		}
	case <-p.done:
		return os.ErrProcessDone
	case <-ctx.Done():
		return ctx.Err()
	}
	p.spec.Mounts = append(p.spec.Mounts, a.Mounts...)
	p.spec.MemoryMB, p.spec.Env = a.MemoryMB, a.Env
	return nil
}

// detached gives a copy of what is mounted at the source, protected as an
// instance's mounts are (Linux 5.12).
func detached(m Mount) (*os.File, error) {
	fd, err := unix.OpenTree(unix.AT_FDCWD, m.Source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return nil, err
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV, Propagation: unix.MS_PRIVATE}
	if m.ReadOnly {
		attr.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &attr); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), m.Source), nil
}
