package rloader

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// keptCapabilities is what a function's root may do: what Docker gives, without
// CAP_NET_RAW and CAP_AUDIT_WRITE (the network is the host's), CAP_MKNOD
// (devices are mounted) and CAP_SYS_CHROOT.
const keptCapabilities = 1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_FSETID |
	1<<unix.CAP_FOWNER | 1<<unix.CAP_SETGID | 1<<unix.CAP_SETUID | 1<<unix.CAP_SETFCAP |
	1<<unix.CAP_SETPCAP | 1<<unix.CAP_NET_BIND_SERVICE | 1<<unix.CAP_KILL

// oomScore makes the kernel prefer a function to the user's own programs when
// the whole machine runs out of memory.
const oomScore = "500"

// confine takes from the calling thread, and so from what it starts or becomes,
// the rights that a function has no use for. The thread stays locked.
func confine() error {
	if err := dropCapabilities(); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	return nil
}

func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("read capabilities: %w", err)
	}
	if data[0].Permitted == 0 && data[1].Permitted == 0 {
		return nil // an ordinary user's process has none
	}
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if keptCapabilities>>c&1 != 0 {
			continue
		}
		// EINVAL: the kernel is older than this capability. EPERM: without
		// CAP_SETPCAP the bounding set can't be changed, nor does it matter.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && err != unix.EINVAL && err != unix.EPERM {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	low, high := uint32(keptCapabilities&0xffffffff), uint32(uint64(keptCapabilities)>>32)
	data[0] = unix.CapUserData{Effective: data[0].Permitted & low, Permitted: data[0].Permitted & low}
	data[1] = unix.CapUserData{Effective: data[1].Permitted & high, Permitted: data[1].Permitted & high}
	if err := unix.Capset(&header, &data[0]); err != nil {
		return fmt.Errorf("set capabilities: %w", err)
	}
	return nil
}

// preferAsVictim raises the process's OOM score. It is not important enough to
// fail for.
func preferAsVictim() {
	fd, err := unix.Open("/proc/self/oom_score_adj", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	_, _ = unix.Write(fd, []byte(oomScore))
	unix.Close(fd)
}

// dieWith makes the kernel end the calling thread's process when the thread
// that started it ends.
func dieWith() error {
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
}

// joinTasks moves the calling thread alone into version 1 cgroups, given their
// open tasks files. (Moving the process would take the kernel milliseconds and
// charge rloader's own memory to the function.)
func joinTasks(files map[string]int) error {
	for _, cgroup := range [...]struct{ file, what string }{{FileTasks, "memory"}, {FilePids, "pids"}} {
		fd, ok := files[cgroup.file]
		if !ok {
			continue
		}
		if _, err := unix.Write(fd, []byte("0")); err != nil {
			return fmt.Errorf("join the %s cgroup: %w", cgroup.what, err)
		}
	}
	return nil
}

// useStreams makes the given descriptors the standard streams.
func useStreams(files map[string]int) error {
	for name, fd := range map[string]int{FileStdin: 0, FileStdout: 1, FileStderr: 2} {
		from, ok := files[name]
		if !ok {
			continue
		}
		if err := unix.Dup3(from, fd, 0); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

// closeStray makes sure that nothing but the standard streams reaches the
// command, whatever the daemon itself has inherited.
func closeStray() {
	_ = unix.CloseRange(3, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC)
}

// leader reports whether the calling thread is the process's first one.
func leader() bool { return unix.Gettid() == os.Getpid() }
