package sandbox

import "errors"

// Modes of Isolation.Mode.
const (
	ModeNamespaces     = "namespaces"
	ModeUserNamespaces = "user-namespaces"
	ModeProcess        = "process"
)

// Values of Isolation.Memory.
const (
	MemoryCgroupV2 = "cgroup-v2"
	MemoryCgroupV1 = "cgroup-v1"
	MemorySampled  = "sampled"

	DiskImage     = "image"
	DiskUnlimited = "unlimited"
)

// Values of Isolation.Ports.
const (
	PortsPrivate = "private"
	PortsFixed   = "fixed"
)

// Beginnings of Exit.StartFail that tell why a program could not be started;
// after each come ": " and the particulars.
const (
	StartNotFound   = "not found"         // of the file, its interpreter or the working directory
	StartPermission = "permission denied" // to execute it
	StartNotProgram = "not executable"    // e.g. of another processor
)

// Options of a Launcher.
type Options struct {
	// StateDir is a folder of the launcher's own; it is made if missing. Two
	// launchers at a time must not share one.
	StateDir string
	// SelfExe is the program to start as rloader; empty is the running one,
	// which must call rloader.Is and rloader.Main first thing.
	SelfExe string
	// Mode, if ModeProcess, does without namespaces even if the kernel allows
	// them.
	Mode string
	// Memory, if MemorySampled, does without cgroups.
	Memory string
	// Ports, if PortsFixed, does without private addresses.
	Ports string
}

// ErrClosed is returned by a launcher after its Close.
var ErrClosed = errors.New("the launcher is closed")

// ErrCantAssign says that instances of this launcher can't be assigned.
var ErrCantAssign = errors.New("instances can't be given mounts later on")

// StartError is the error of Process.Exec for a command that can't be executed.
type StartError struct {
	Why string // as Exit.StartFail
}

func (e *StartError) Error() string { return e.Why }

// NewLauncher finds out what the kernel allows and gives a launcher that makes
// the best of it. The launcher is also an io.Closer: Close kills every instance
// that is still there. It fails only if no program can be started at all.
func NewLauncher(o Options) (Launcher, error) {
	return newLauncher(o)
}
