package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/windows"
)

// guard has nothing to do here: a job whose last handle is closed, even by the
// end of the program that held it, ends its processes.
type guard struct{}

func newGuard(string) (*guard, error) { return &guard{}, nil }

// start starts the command in a job of its own, with a memory limit.
func (*guard) start(cmd *exec.Cmd, memoryMB int) (group, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	if memoryMB > 0 {
		limits.BasicLimitInformation.LimitFlags |= windows.JOB_OBJECT_LIMIT_JOB_MEMORY
		limits.JobMemoryLimit = uintptr(memoryMB) << 20
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		err = assign(job, cmd.Process)
	}
	if err != nil {
		windows.CloseHandle(job)
		return 0, err
	}
	return group(job), nil
}

// assign puts the process in the job. What it has started before would be
// missed, but it has hardly been loaded yet.
func assign(job windows.Handle, p *os.Process) error {
	handle, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(p.Pid))
	if err == nil {
		err = windows.AssignProcessToJobObject(job, handle)
		windows.CloseHandle(handle)
	}
	if err != nil {
		_ = p.Kill()
	}
	return err
}

func (*guard) ended(g group) { windows.CloseHandle(windows.Handle(g)) }

func (*guard) close() error { return nil }

// group is the handle of a job.
type group windows.Handle

func (g group) kill() { _ = windows.TerminateJobObject(windows.Handle(g), 1) }

// memory is the peak of the job's committed memory: Windows doesn't keep the
// present sum.
func (g group) memory() int64 {
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	err := windows.QueryInformationJobObject(windows.Handle(g), windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)), nil)
	if err != nil {
		return 0
	}
	return int64(info.PeakJobMemoryUsed)
}

// Terminate ends the program; there is no gentler way that every program heeds.
func (p *process) Terminate() error { return p.cmd.Process.Kill() }

// Freeze isn't possible.
func (p *process) Freeze() error { return errors.ErrUnsupported }

// Thaw isn't either.
func (p *process) Thaw() error { return errors.ErrUnsupported }

func exitOf(state *os.ProcessState) Exit { return Exit{Code: state.ExitCode()} }

func signalNumber(*os.ProcessState) int { return 0 }
