package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"s/pkg/runtime/rloader"
)

// launcher starts instances on Linux.
type launcher struct {
	exe       string // what to start as rloader
	self      string // its path, to show inside
	root      string // empty folder, mount point of new roots
	null      *os.File
	forker    *forker
	addresses *addresses
	groups    *cgroups // nil: memory is sampled
	disks     *disks   // nil: /tmp is a folder
	isolation Isolation
	guardProc bool
	lowPorts  bool // ports below 1024 may be bound
	serial    atomic.Uint64
	paging    chan struct{} // holds a token while memory is taken, of one instance at a time

	mu        sync.Mutex
	closed    bool
	processes map[*process]struct{}
	starting  sync.WaitGroup
}

func newLauncher(o Options) (Launcher, error) {
	if len(os.Args) > 0 && rloader.Is(os.Args) {
		return nil, errors.New("this program was started as rloader but does not call rloader.Main")
	}
	if o.StateDir == "" {
		return nil, errors.New("the launcher has no state folder")
	}
	l := &launcher{exe: o.SelfExe, processes: map[*process]struct{}{}, addresses: newAddresses(), paging: make(chan struct{}, 1)}
	if l.exe == "" {
		l.exe = "/proc/self/exe"
	}
	var err error
	if l.self, err = filepath.EvalSymlinks(l.exe); err != nil {
		l.self = "" // the file was deleted; rloader runs all the same
	}
	state, err := filepath.Abs(o.StateDir)
	if err != nil {
		return nil, err
	}
	l.root = filepath.Join(state, "root")
	if err := os.MkdirAll(l.root, 0o700); err != nil {
		return nil, err
	}
	if l.null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
		return nil, err
	}
	l.forker = newForker()
	l.guardProc = !inUserNamespace() && os.Geteuid() == 0
	l.lowPorts = mayBindLow()
	if err := l.choose(o, state); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// choose settles on the best isolation that the kernel allows, by trying.
func (l *launcher) choose(o Options, state string) error {
	l.isolation = Isolation{Mode: ModeNamespaces, Memory: MemorySampled, Ports: PortsPrivate, Disk: DiskUnlimited}
	if inUserNamespace() {
		l.isolation.Mode = ModeUserNamespaces
	}
	if o.Mode == ModeProcess {
		l.isolation.Mode, l.isolation.Why = ModeProcess, "asked for"
	}
	if o.Ports == PortsFixed || !rloader.CanFilter() {
		l.isolation.Ports = PortsFixed
	}
	if o.Memory != MemorySampled {
		groups, err := findCgroups(state)
		if err != nil {
			l.refused("memory cgroup", err)
		} else {
			l.groups, l.isolation.Memory = groups, groups.kind()
		}
	}
	if l.isolation.Mode == ModeNamespaces {
		var err error
		if l.disks, err = newDisks(state); err != nil {
			l.refused("a disk for /tmp", err)
		} else {
			l.isolation.Disk = DiskImage
		}
	}
	for {
		part, err := l.probe()
		switch {
		case err == nil:
			return nil
		case part == rloader.PartDisk && l.disks != nil:
			l.disks, l.isolation.Disk = nil, DiskUnlimited
			l.refused("a disk for /tmp", err)
		case part == rloader.PartPorts && l.isolation.Ports == PortsPrivate:
			l.isolation.Ports = PortsFixed
			l.refused("private ports", err)
		case l.groups != nil && (part == rloader.PartMemory || l.isolation.Mode == ModeProcess || l.groups.v2()):
			l.groups, l.isolation.Memory = nil, MemorySampled
			l.refused("memory cgroup", err)
		case l.isolation.Mode != ModeProcess:
			l.isolation.Mode, l.isolation.Disk, l.disks = ModeProcess, DiskUnlimited, nil
			l.refused("namespaces", err)
		default:
			return fmt.Errorf("start a process: %w", err)
		}
	}
}

// refused adds to what Isolation.Why tells.
func (l *launcher) refused(what string, err error) {
	if l.isolation.Why != "" {
		l.isolation.Why += "; "
	}
	l.isolation.Why += what + ": " + err.Error()
}

// probe starts an instance that only tries its sandbox. The part names what to
// do without.
func (l *launcher) probe() (part string, err error) {
	p, err := l.prepare(context.Background(), Spec{ID: "probe", MemoryMB: 64, DiskMB: probeDiskMB, MaxProcesses: 64, Port: 1})
	if err != nil {
		return rloader.PartMemory, err
	}
	order := l.order(p, rloader.KindProbe)
	if err := p.open(order, nil); err != nil {
		p.discard()
		return rloader.PartRoot, err
	}
	defer p.discard()
	for {
		r, err := p.next(context.Background())
		switch {
		case err != nil:
			return rloader.PartRoot, fmt.Errorf("rloader ended early: %w", err)
		case r.Kind == rloader.ReportBroken:
			return r.Part, errors.New(r.Why)
		case r.Kind == rloader.ReportExit:
			return "", nil
		}
	}
}

// Isolation says what confines the launcher's instances.
func (l *launcher) Isolation() Isolation { return l.isolation }

func (l *launcher) namespaces() bool { return l.isolation.Mode != ModeProcess }

// order says what rloader has to do for p.
func (l *launcher) order(p *process, kind string) rloader.Order {
	order := rloader.Order{Kind: kind, Args: p.spec.Args, Env: p.spec.Env, Dir: p.spec.Dir, Filter: p.ports != nil}
	if !l.namespaces() {
		paths := newPathMap(p.spec)
		order.Args, order.Env, order.Dir = paths.all(p.spec.Args), paths.env(p.spec), paths.one(p.spec.Dir)
		return order
	}
	order.Stay, order.User = p.spec.Init, p.spec.user()
	if img := p.spec.Image; img != nil {
		order.Image = &rloader.Image{
			Dir: img.Dir, Layers: img.Layers, Scratch: img.Scratch, Tree: img.Tree, UserXattr: l.isolation.Mode == ModeUserNamespaces,
		}
	}
	order.Root, order.Self, order.TmpDir, order.GuardProc = l.root, l.self, p.spec.TmpDir, l.guardProc
	order.TmpImage, order.Folders = p.image, p.spec.Folders
	for _, m := range p.spec.Mounts {
		order.Mounts = append(order.Mounts, rloader.Mount(m))
	}
	return order
}

// Launch starts an instance. When it returns, the program has been executed, or
// could not be (Exit.StartFail). An error means that there is no instance.
func (l *launcher) Launch(ctx context.Context, spec Spec) (Process, error) {
	if err := l.enter(); err != nil {
		return nil, err
	}
	defer l.starting.Done()
	if spec.Image != nil && !l.namespaces() {
		return nil, ErrNoImages
	}
	p, err := l.prepare(ctx, spec)
	if err != nil {
		return nil, err
	}
	var given files
	for name, file := range map[string]*os.File{rloader.FileStdout: spec.Stdout, rloader.FileStderr: spec.Stderr} {
		if file != nil {
			given.add(name, file)
		}
	}
	if err := p.open(l.order(p, rloader.KindRun), given); err != nil {
		p.discard()
		return nil, fmt.Errorf("launch %s: %w", spec.ID, err)
	}
	if err := p.settle(ctx); err != nil {
		p.discard()
		return nil, fmt.Errorf("launch %s: %w", spec.ID, err)
	}
	l.mu.Lock()
	l.processes[p] = struct{}{}
	l.mu.Unlock()
	go p.watch()
	return p, nil
}

// enter counts a launch in progress, unless the launcher is closed.
func (l *launcher) enter() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	l.starting.Add(1)
	return nil
}

// Close kills all instances, waits for them, and ends the launcher.
func (l *launcher) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	l.starting.Wait()
	l.mu.Lock()
	var left []*process
	for p := range l.processes {
		left = append(left, p)
	}
	l.mu.Unlock()
	var errs []error
	for _, p := range left {
		errs = append(errs, p.Close())
	}
	l.forker.close()
	l.addresses.close()
	errs = append(errs, l.null.Close())
	return errors.Join(errs...)
}
