package rloader

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// assign carries out an order of KindAssign, in a thread that still has the
// rights to mount, and reports how it went. What is no such order is ignored.
func (k *keeper) assign(body []byte, fds []int) {
	order, files, err := parseOrder(body, fds)
	if err != nil || order.Kind != KindAssign || k.order.Root == "" {
		return
	}
	if err := k.attach(order.Mounts, files); err != nil {
		k.report(broken(err))
		return
	}
	k.report(Report{Kind: ReportAssigned})
}

// attach puts detached mounts in their places, as layout does those of the host.
func (k *keeper) attach(mounts []Mount, files map[string]int) error {
	if err := unix.Chdir("/"); err != nil {
		return err
	}
	places := make([]int, len(mounts))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(x, y int) int { return cmp.Compare(len(mounts[x].Target), len(mounts[y].Target)) })
	b := &builder{}
	for _, i := range places {
		fd, ok := files[FileMount(i)]
		if !ok {
			return errors.New("no mount came for " + mounts[i].Target)
		}
		b.attach(fd, mounts[i].Target)
	}
	if b.err != nil {
		return b.err
	}
	for _, folder := range k.order.Folders {
		if !slices.ContainsFunc(mounts, func(m Mount) bool { return strings.HasPrefix(folder, m.Target+"/") }) {
			_ = unix.Rmdir(folder)
		}
	}
	return changeDir(k.order.Dir)
}

// attach puts one detached mount on target, which it makes.
func (b *builder) attach(fd int, target string) {
	var st unix.Stat_t
	path, err := inside(target)
	if err == nil {
		err = unix.Fstat(fd, &st)
	}
	if err != nil {
		b.fail("mount", target, err)
		return
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		b.dir(path, 0o755)
	} else {
		b.file(path, 0o644)
	}
	if b.err == nil {
		b.fail("mount", target, unix.MoveMount(fd, "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH))
	}
}
