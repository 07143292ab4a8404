package bootstrap

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// golang runs what `go build` made: the function's code is a program that asks
// the Runtime API itself, and the handler is its file name.
//
// A program of Go has as many threads as the machine has processors, each of which
// looks for work that the others might have. On Function Compute it has the share of
// a processor that its function pays for, and here it does best with what it could
// use there: with one, each request and answer is handed on without waking a thread.
func golang() Bootstrap {
	return Bootstrap{
		Command: func(s Start) []string { return []string{path.Join(s.Code, path.Clean("/"+s.Handler))} },
		Check: func(code string, s Start) error {
			return checkProgram(filepath.Join(code, filepath.FromSlash(path.Clean("/"+s.Handler))), s.Handler, host())
		},
		Env: func(s Start) map[string]string {
			if n := s.processors(); n < runtime.NumCPU() {
				return map[string]string{"GOMAXPROCS": strconv.Itoa(n)}
			}
			return nil // what there is, as the program finds it
		},
	}
}

// processors is how many processors the instance can keep busy on Function Compute:
// those of its function, or the most that go with its memory.
func (s Start) processors() int {
	vcpu := s.CPU
	if vcpu == 0 {
		vcpu = float64(s.MemoryMB) / 1024 // fc.SizeFits
	}
	return max(1, int(math.Ceil(vcpu)))
}

// ProgramError says why the program of a function can't be started.
type ProgramError struct {
	Handler string // the function's, which names the program
	Why     string // what is wrong with it, and what helps
}

// Error names the program and what is wrong with it.
func (e *ProgramError) Error() string {
	return fmt.Sprintf("%q, the program that the function's handler names, %s", e.Handler, e.Why)
}

// machine is what programs are to run on.
type machine struct {
	system    string // as GOOS
	processor string // as GOARCH
	exists    func(path string) bool
}

func host() machine {
	return machine{system: runtime.GOOS, processor: runtime.GOARCH, exists: func(path string) bool {
		_, err := os.Stat(path)
		return err == nil
	}}
}

// rebuild is what helps against most of what can be wrong with a program.
const rebuild = "`s build` compiles for Function Compute, or run: CGO_ENABLED=0 GOOS=linux go build"

// checkProgram finds out why a file can't be executed on m; what it doesn't
// know of is left to the system.
func checkProgram(file, handler string, m machine) error {
	wrong := func(format string, args ...any) error {
		return &ProgramError{Handler: handler, Why: fmt.Sprintf(format, args...)}
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return wrong("isn't in its code%s", instead(filepath.Dir(file)))
	case err != nil:
		return wrong("can't be read: %v", err)
	case !info.Mode().IsRegular():
		return wrong("is a folder: name the file in it")
	case m.system != "windows" && info.Mode().Perm()&0o111 == 0:
		return wrong("isn't executable: `chmod +x` it before it is packed; `s build` does")
	}
	f, err := os.Open(file)
	if err != nil {
		return wrong("can't be read: %v", err)
	}
	defer f.Close()
	var magic [4]byte
	n, err := io.ReadFull(f, magic[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return wrong("can't be read: %v", err)
	}
	if why := checkFormat(f, magic[:n], m); why != "" {
		return wrong("%s", why)
	}
	return nil
}

// checkFormat says why a program of that format doesn't run on m.
func checkFormat(f io.ReaderAt, magic []byte, m machine) string {
	system := ""
	switch {
	case bytes.HasPrefix(magic, []byte("#!")):
		return ""
	case bytes.HasPrefix(magic, []byte(elf.ELFMAG)):
		system = "linux"
	case bytes.HasPrefix(magic, []byte("MZ")):
		system = "windows"
	case bytes.HasPrefix(magic, []byte("\xcf\xfa\xed\xfe")), bytes.HasPrefix(magic, []byte("\xca\xfe\xba\xbe")):
		system = "darwin"
	default:
		return "is no program: " + rebuild
	}
	switch {
	case system != "linux":
		return "was compiled for " + system + ": " + rebuild
	case m.system != "linux":
		return "was compiled for linux, as Function Compute wants it; it runs locally on Linux only: use a virtual machine or a container"
	}
	return checkELF(f, m)
}

// checkELF says why a program of Linux doesn't run on m.
func checkELF(f io.ReaderAt, m machine) string {
	program, err := elf.NewFile(f)
	if err != nil {
		return "is damaged (" + err.Error() + "): " + rebuild
	}
	if processor := processorOf(program.Machine); processor != m.processor {
		return fmt.Sprintf("was compiled for the processor %s, and this machine's is %s: add GOARCH=%s to the build",
			processor, m.processor, m.processor)
	}
	for _, part := range program.Progs {
		if part.Type != elf.PT_INTERP {
			continue
		}
		loader, err := io.ReadAll(io.LimitReader(part.Open(), 4096))
		name := strings.TrimRight(string(loader), "\x00")
		if err == nil && !m.exists(name) {
			return fmt.Sprintf("was linked with a C library whose loader %s isn't here: %s", name, rebuild)
		}
	}
	return ""
}

// processorOf is a processor as GOARCH has it, or as elf does if Go has none.
func processorOf(m elf.Machine) string {
	switch m {
	case elf.EM_X86_64:
		return "amd64"
	case elf.EM_AARCH64:
		return "arm64"
	case elf.EM_386:
		return "386"
	case elf.EM_ARM:
		return "arm"
	}
	return strings.ToLower(strings.TrimPrefix(m.String(), "EM_"))
}

// instead lists the programs that are in a folder, as a help after a wrong name.
func instead(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			names = append(names, e.Name())
		}
	}
	switch {
	case len(names) == 0:
		return ": " + rebuild
	case len(names) > 5:
		names = append(names[:5], "...")
	}
	return "; programs there: " + strings.Join(names, ", ")
}
