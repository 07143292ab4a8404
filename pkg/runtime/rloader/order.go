package rloader

import "strconv"

// ControlFD is the descriptor of the socket on which rloader gets its orders.
const ControlFD = 3

// Kinds of orders.
const (
	KindRun  = "run"  // start an instance
	KindExec = "exec" // start a further command in an instance
	// KindAssign gives a running instance that has none a function: Mounts whose
	// sources come with the order as detached mounts, FileMount(0) and so on.
	KindAssign = "assign"
	// KindProbe sets an instance up, binds a socket instead of starting a
	// command, and reports ReportExit if the bind went as it should.
	KindProbe = "probe"
)

// Names of the descriptors that go with an order, and in which Order.Files
// gives their sequence.
const (
	FileStdin  = "stdin"
	FileStdout = "stdout"
	FileStderr = "stderr"
	// FileTasks is the open "tasks" file of a version 1 memory cgroup.
	FileTasks = "tasks"
	// FilePids is that of a version 1 cgroup that counts processes.
	FilePids = "pids"
	// FileCgroup is the open folder of a version 2 cgroup.
	FileCgroup = "cgroup"
	// FileInstance is a pidfd of the process whose namespaces an exec joins.
	FileInstance = "instance"
)

// FileMount names the detached mount (open_tree(2)) of the n-th of Order.Mounts.
func FileMount(n int) string { return "mount" + strconv.Itoa(n) }

// MaxFiles bounds the descriptors that go with an order.
const MaxFiles = 8

// Order is what the sandbox asks of rloader.
type Order struct {
	Kind string   `json:"kind"`
	Args []string `json:"args"`
	Env  []string `json:"env"`
	Dir  string   `json:"dir,omitempty"`
	// Stay keeps rloader as the parent of the command. Without it rloader
	// becomes the command. Orders without Root always stay.
	Stay bool `json:"stay,omitempty"`
	// Root is an empty folder of the host on which to build the new root file
	// system. Without it nothing is mounted: process mode.
	Root   string  `json:"root,omitempty"`
	Mounts []Mount `json:"mounts,omitempty"`
	// Image is the root file system, instead of the host's own folders.
	Image *Image `json:"image,omitempty"`
	// User runs the command, as /etc/passwd of the instance has it: name or
	// number, also with :group. Empty leaves it who rloader is.
	User   string `json:"user,omitempty"`
	TmpDir string `json:"tmpDir,omitempty"`
	// Folders are made, empty, for mounts that come with KindAssign. Those that
	// none of them hides are removed then.
	Folders []string `json:"folders,omitempty"`
	// TmpImage is a file with an ext4 file system, to be /tmp in place of TmpDir;
	// it is removed once it is mounted.
	TmpImage string `json:"tmpImage,omitempty"`
	// Self is the host's path of rloader's own binary.
	Self string `json:"self,omitempty"`
	// GuardProc makes the parts of /proc read-only that uid 0 of the host
	// could change the kernel with.
	GuardProc bool `json:"guardProc,omitempty"`
	// Filter asks for the filter that notifies the sandbox of bind, listen and
	// connect; its descriptor comes with the first report.
	Filter bool `json:"filter,omitempty"`
	// TTY gives the command a new terminal, whose master side comes with the
	// first report; Rows and Cols are its size.
	TTY  bool   `json:"tty,omitempty"`
	Rows uint16 `json:"rows,omitempty"`
	Cols uint16 `json:"cols,omitempty"`
	// Files names the descriptors that came with the order.
	Files []string `json:"files,omitempty"`
}

// Mount makes Source of the host visible as Target.
type Mount struct {
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"readOnly,omitempty"`
}

// Image is a root file system made of layers, or of one folder.
type Image struct {
	// Dir holds the folders Layers, the uppermost first. They aren't changed.
	Dir    string   `json:"dir,omitempty"`
	Layers []string `json:"layers,omitempty"`
	// Scratch is a folder for what the instance changes.
	Scratch string `json:"scratch,omitempty"`
	// UserXattr has overlayfs read its marks from attributes that need no
	// rights, as it must in a user namespace.
	UserXattr bool `json:"userXattr,omitempty"`
	// Tree, if set, is all of the file system, in a folder of the instance's own.
	Tree string `json:"tree,omitempty"`
}

// Kinds of reports.
const (
	// ReportReady: all is set up, the command is started next. Listener and
	// terminal come with it.
	ReportReady = "ready"
	// ReportAssigned: all mounts of KindAssign are there. ReportBroken is the
	// answer if not.
	ReportAssigned = "assigned"
	// ReportStarted: the command of a staying rloader runs.
	ReportStarted = "started"
	// ReportNotStarted: the command can't be executed.
	ReportNotStarted = "notStarted"
	// ReportBroken: the sandbox could not be set up.
	ReportBroken = "broken"
	// ReportExit: the command of a staying rloader has ended.
	ReportExit = "exit"
)

// Names of the descriptors that come with a ready report.
const (
	FileListener = "listener" // of the system call filter
	FileTerminal = "terminal" // master side
)

// Parts of a sandbox that can fail, each of which can be done without.
const (
	PartRoot   = "root"   // mounts and rights
	PartLayers = "layers" // laying an image's layers over one another
	PartMemory = "memory" // joining the cgroup
	PartPorts  = "ports"  // the filter
	PartDisk   = "disk"   // TmpImage
)

// Report is what rloader tells the sandbox. That rloader closes its socket
// after ReportReady without a further report means, without Stay, that it has
// become the command.
type Report struct {
	Kind  string   `json:"kind"`
	Why   string   `json:"why,omitempty"`
	Part  string   `json:"part,omitempty"` // of ReportBroken
	Files []string `json:"files,omitempty"`
	// PID of a staying rloader's command, in rloader's PID namespace.
	PID    int `json:"pid,omitempty"`
	Code   int `json:"code,omitempty"`
	Signal int `json:"signal,omitempty"`
}

// KillAll is the message by which the sandbox asks a staying rloader outside
// of a PID namespace to end everything it has started. The end of the socket
// means the same.
const KillAll = "killAll"
