package rloader

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// probe binds a socket under the filter and reports whether what came of it is
// an address of 127/8, as the sandbox should have seen to.
func probe(c control, order *Order) int {
	if order.Filter {
		if err := bindAny(); err != nil {
			c.report(broken(partError{PartPorts, err}))
			return exitBroken
		}
	}
	c.report(Report{Kind: ReportExit})
	return 0
}

// probe of an rloader that would stay: the filter is tried on this thread.
func (k *keeper) probe() int {
	listener, err := confineThread(k.order, k.files)
	if err != nil {
		k.report(broken(err))
		return exitBroken
	}
	if listener >= 0 {
		k.report(Report{Kind: ReportReady, Files: []string{FileListener}}, listener)
		unix.Close(listener)
	} else {
		k.report(Report{Kind: ReportReady})
	}
	return probe(k.control, k.order)
}

func bindAny() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a socket: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{}); err != nil {
		return fmt.Errorf("bind under the port filter: %w", err)
	}
	address, err := unix.Getsockname(fd)
	if err != nil {
		return fmt.Errorf("read the bound address: %w", err)
	}
	if inet, ok := address.(*unix.SockaddrInet4); !ok || inet.Addr[0] != 127 {
		return fmt.Errorf("bind under the port filter was not redirected: %v", address)
	}
	return nil
}

// try reports by its exit code whether mounts are allowed here.
func try() int {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return exitBroken
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return exitBroken
	}
	if err := unix.Mount("tmpfs", "/proc", "tmpfs", 0, ""); err != nil {
		return exitBroken
	}
	return 0
}
