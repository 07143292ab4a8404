package rloader

import "golang.org/x/sys/unix"

// deviceNodes of the host that an instance may use. They are bind-mounted: a
// user namespace can't make any, and the rest of the host's /dev stays out.
var deviceNodes = [...]string{"null", "zero", "full", "random", "urandom", "tty"}

// guarded parts of /proc act on the whole machine and heed only the uid.
var guarded = [...]string{"proc/sys", "proc/bus", "proc/fs", "proc/irq", "proc/sysrq-trigger"}

// proc mounts the /proc of the new PID namespace.
func (b *builder) proc(guard bool) {
	b.dir("proc", 0o555)
	if b.err != nil {
		return
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	b.fail("mount", "proc", unix.Mount("proc", "proc", "proc", flags, ""))
	if !guard {
		return
	}
	for _, path := range guarded {
		var st unix.Stat_t
		if unix.Lstat(path, &st) == nil {
			b.bindOn(path, path, unix.MOUNT_ATTR_RDONLY)
		}
	}
}

// devices makes a small /dev with its own pseudo terminals and shared memory.
func (b *builder) devices() {
	b.dir("dev/pts", 0o755)
	b.dir("dev/shm", 0o755)
	for _, name := range deviceNodes {
		b.bind("/dev/"+name, "dev/"+name, 0)
	}
	if b.err != nil {
		return
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NOEXEC)
	b.fail("mount", "dev/pts", unix.Mount("devpts", "dev/pts", "devpts", flags, "newinstance,ptmxmode=0666,mode=0620"))
	b.fail("mount", "dev/shm", unix.Mount("shm", "dev/shm", "tmpfs", flags|unix.MS_NODEV, "mode=1777,size=64m"))
	for _, link := range [...][2]string{
		{"pts/ptmx", "dev/ptmx"},
		{"/proc/self/fd", "dev/fd"},
		{"/proc/self/fd/0", "dev/stdin"},
		{"/proc/self/fd/1", "dev/stdout"},
		{"/proc/self/fd/2", "dev/stderr"},
	} {
		b.link(link[0], link[1])
	}
}
