package sandbox

import (
	"fmt"
	"os"
	"syscall"

	"s/pkg/runtime/rloader"
)

// DaemonAttr is how to start the process that will use NewLauncher. For root it
// is nil. For an ordinary user it makes a user namespace in which that user is
// uid 0 and has the rights to confine instances; if the kernel refuses that,
// it is nil together with an error that tells why, and the process can be
// started plainly: its launcher then runs instances without namespaces.
func DaemonAttr() (*syscall.SysProcAttr, error) {
	if os.Geteuid() == 0 {
		return nil, nil
	}
	if rloader.Is(os.Args) {
		return nil, fmt.Errorf("this program was started as rloader but does not call rloader.Main")
	}
	attr := userNamespace()
	if err := tryNamespaces(attr); err != nil {
		return nil, fmt.Errorf("user namespace: %w", err)
	}
	return userNamespace(), nil
}

// userNamespace comes with a mount namespace: only in one of its own may the
// launcher take mounts to hand them to an instance later.
func userNamespace() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}

// tryNamespaces starts an rloader without orders in a new user namespace with
// all that an instance needs. (Some systems allow the namespace and no rights
// in it; then the others are refused.)
func tryNamespaces(attr *syscall.SysProcAttr) error {
	attr.Cloneflags |= syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	p, err := os.StartProcess("/proc/self/exe", []string{rloader.Path, rloader.Try}, &os.ProcAttr{
		Env: loaderEnv[:], Files: []*os.File{null, null, null}, Sys: attr,
	})
	if err != nil {
		return err
	}
	state, err := p.Wait()
	if err != nil {
		return err
	}
	if !state.Success() {
		return fmt.Errorf("mounting in it: %s", state)
	}
	return nil
}
