//go:build linux

// Command asuser runs a program as an ordinary user, optionally one that may
// make no user namespaces, as on machines whose kernel or policy forbids them.
//
//	asuser [-uid N] [-no-userns] PROGRAM [ARG...]
//
// It must be root. Nothing of the machine is changed: the limit holds in a user
// namespace that ends with the program.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	os.Exit(run())
}

func run() int {
	uid := flag.Int("uid", 65534, "the user and group to become")
	noUserns := flag.Bool("no-userns", false, "deny user namespaces")
	inside := flag.Bool("inside", false, "for itself: in the namespace already")
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		return 2
	}
	var err error
	switch {
	case *inside:
		err = drop(*uid, flag.Args())
	case *noUserns:
		err = confined(*uid, flag.Args())
	default:
		err = become(*uid, flag.Args())
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "asuser:", err)
		return 1
	}
	return 0
}

// become runs the program as the user and waits for it.
func become(uid int, args []string) error {
	cmd := command(args)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)},
	}
	return cmd.Run()
}

// confined runs this program again in a user namespace that knows every user,
// where it can lower the limit for itself alone.
func confined(uid int, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := command(append([]string{self, "-inside", "-uid", strconv.Itoa(uid)}, args...))
	everyone := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 65536}}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:                 syscall.CLONE_NEWUSER,
		UidMappings:                everyone,
		GidMappings:                everyone,
		GidMappingsEnableSetgroups: true,
	}
	return cmd.Run()
}

// drop denies further namespaces, then becomes the user and the program.
func drop(uid int, args []string) error {
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0o644); err != nil {
		return err
	}
	// Credentials and exec belong to a thread.
	runtime.LockOSThread()
	path, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	if err := unix.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(uid); err != nil {
		return err
	}
	if err := syscall.Setuid(uid); err != nil {
		return err
	}
	return syscall.Exec(path, args, os.Environ())
}

func command(args []string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd
}
