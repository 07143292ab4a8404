// Package sandbox confines the processes of one instance and starts them: in
// their own mount, PID and IPC namespaces with a memory limit on Linux, as a
// plain process group where the kernel refuses. It says which it got. It knows
// nothing of functions and of the Runtime API.
package sandbox

import (
	"context"
	"errors"
	"io"
	"os"
)

// Mount makes a folder or file of the host visible inside.
type Mount struct {
	Source   string // absolute path on the host
	Target   string // absolute path inside: /code, /opt, /var/fc/lang/python3.10
	ReadOnly bool
}

// Image is a root file system of layers, which all its instances share, and of
// what the instance itself writes.
type Image struct {
	// Dir holds the folders Layers, the uppermost first, in the form that
	// overlayfs has them.
	Dir    string
	Layers []string
	// Scratch is a folder for what the instance changes; it is the caller's to
	// remove.
	Scratch string
	// Tree, if set, is all of the file system, in a folder of this instance
	// alone; Dir, Layers and Scratch don't count then.
	Tree string
}

// LayersError is the error of Launch where the kernel doesn't lay an image's
// layers over one another: then Image.Tree is needed.
type LayersError struct{ Why string }

// Error says what the kernel refused.
func (e *LayersError) Error() string { return "the image's layers can't be mounted: " + e.Why }

// ErrNoImages is the error of Launch for an image where there are no namespaces.
var ErrNoImages = errors.New("an image can't be run without namespaces")

// Spec is what to start and how to confine it.
type Spec struct {
	// ID names the instance; unique on this machine.
	ID string
	// Args is the program and its arguments, as the inside sees them. With
	// Init it is the child of PID 1 /var/fc/runtime/rloader (managed runtimes);
	// without, it is PID 1 itself (custom runtimes), as on FC.
	Args []string
	Init bool
	Env  []string // complete environment, KEY=value
	Dir  string   // working directory inside, /code
	// Mounts beyond the system's own folders, which are always there read-only.
	Mounts []Mount
	// Image is the root file system, instead of the system's own folders; it
	// needs namespaces. User is whom Args are run as, as its /etc/passwd has it;
	// empty is uid 0.
	Image *Image
	User  string
	// Folders are empty ones to make for mounts that Assign brings. (The dynamic
	// linker remembers which folders of LD_LIBRARY_PATH aren't there.)
	Folders []string
	// TmpDir is the host folder shown as /tmp, writable.
	TmpDir   string
	MemoryMB int
	// DiskMB bounds what /tmp may hold, where Isolation.Disk says so; 0 is no
	// bound.
	DiskMB int
	// MaxProcesses bounds processes and threads; 0 is no bound.
	MaxProcesses int
	// Port is where a custom runtime's server binds, 9000; 0 for none. Binding
	// any address is turned into a loopback address of this instance alone.
	Port int
	// Stdout and Stderr are given to the program as they are (pipe ends).
	Stdout, Stderr *os.File
}

// user is whom commands run as, as rloader takes it.
func (s *Spec) user() string {
	if s.Image != nil && s.User == "" {
		return "0"
	}
	return s.User
}

// Exit is how the program ended.
type Exit struct {
	Code      int    // exit code; -1 if a signal ended it
	Signal    string // e.g. "killed"
	OOM       bool   // the kernel ended it for want of memory
	StartFail string // the program could not be started at all: why
}

// ExecSpec is a further command inside a running instance.
type ExecSpec struct {
	Args []string
	Env  []string // added to the instance's own
	Dir  string
	TTY  bool
	Rows uint16
	Cols uint16
	// Without TTY: the three streams. With TTY: Stdin and Stdout only.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Resize, with TTY, changes the window size until it is closed.
	Resize <-chan [2]uint16 // rows, cols
}

// Process is a started instance.
type Process interface {
	// PID is the host's number of the instance's first process.
	PID() int
	// Addr is where the program's Port can be reached from the host, host:port;
	// empty without Port. It is stable from start on; nothing may listen yet.
	Addr() string
	// Done is closed when the first process has ended and everything in the
	// instance is dead; then Exit tells how.
	Done() <-chan struct{}
	Exit() Exit
	// Terminate sends SIGTERM to the program (not to rloader).
	Terminate() error
	// Kill ends everything in the instance and returns when it is gone.
	Kill()
	// Freeze and Thaw stop and continue all processes. They, and PageOut, aren't
	// called at once.
	Freeze() error
	Thaw() error
	// Memory gives the use of all processes of the instance in bytes: now, and
	// the peak since the last ResetPeak (or start).
	Memory() (current, peak int64)
	ResetPeak()
	// OutOfMemory reports whether the instance ends, or has ended, because it used
	// more than its limit: Done follows.
	OutOfMemory() bool
	// Exec runs a command inside, with its namespaces, and returns its exit
	// code.
	Exec(ctx context.Context, spec ExecSpec) (int, error)
	// Close kills if needed and removes cgroup, temporary folders and mounts.
	Close() error
}

// Assignment is what makes a spare, an instance that was launched without a
// function's files, an instance of that function.
type Assignment struct {
	Mounts   []Mount  // added to those of its Spec
	MemoryMB int      // instead of its Spec's
	Env      []string // what its program is told apart; Exec starts from it
}

// Assignable is a Process that may be a spare. Whether its program has got to
// work is no matter of the sandbox.
type Assignable interface {
	// Assign shows the function's files and sets its limit. An error means that
	// the instance is good for nothing any more; ErrCantAssign, that none can be
	// assigned here. It is to be called once, before anybody else uses the process.
	Assign(ctx context.Context, a Assignment) error
}

// Pager is a Process whose memory can be taken away while it is frozen.
type Pager interface {
	// PageOut takes the memory of a frozen instance and keeps it compressed, if it
	// is at most limit bytes; Thaw gives it back. An error means that it was left
	// as it is, for the end of the context, too: then somebody waits for Thaw.
	PageOut(ctx context.Context, limit int64) error
}

// Binder is a Process that knows what its programs bind.
type Binder interface {
	// LoopbackOnly reports whether a TCP port of the instance was bound to a
	// loopback address and to no other, so that Function Compute couldn't reach it.
	LoopbackOnly(port int) bool
}

// Isolation says what confines instances on this machine.
type Isolation struct {
	// Mode is "namespaces" (root), "user-namespaces" (ordinary user) or
	// "process" (none: process groups and rlimits).
	Mode string `json:"mode"`
	// Memory is "cgroup-v2", "cgroup-v1", "sampled".
	Memory string `json:"memory"`
	// Ports is "private" (every instance has its own loopback address) or
	// "fixed" (FC_SERVER_PORT; one instance per fixed port).
	Ports string `json:"ports"`
	// Disk is "image" where /tmp is a file system of the instance's own, of the
	// size that it may have, "unlimited" where it is a folder of the host.
	Disk string `json:"disk"`
	// Why tells what the kernel refused, if anything.
	Why string `json:"why,omitempty"`
}

// Launcher starts instances.
type Launcher interface {
	Launch(ctx context.Context, spec Spec) (Process, error)
	Isolation() Isolation
}
