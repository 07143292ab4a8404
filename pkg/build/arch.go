package build

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"s/pkg/bundle"
	"s/pkg/diag"
)

// ForeignFile is a file that another machine than the function's would load.
type ForeignFile struct {
	Path string       // in the artifact, with slashes
	What diag.Message // what it is: a Mach-O file, of macOS
}

// ArchError is an artifact with files for another machine.
type ArchError struct {
	Files    []ForeignFile
	Platform Platform
}

// maxForeign is how many files an error names.
const maxForeign = 3

// Error names the first files, what they are and what is needed.
func (e *ArchError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *ArchError) Wording() error {
	text := diag.Errorf("the function runs on %s", e.Platform)
	if more := len(e.Files) - maxForeign; more > 0 {
		text = diag.Errorf("%d more; %w", more, text)
	}
	for _, f := range slices.Backward(e.Files[:min(maxForeign, len(e.Files))]) {
		text = diag.Errorf("%s is %s; %w", f.Path, f.What, text)
	}
	return text
}

// checkArch looks at all files in an artifact that the runtime would load or
// start. Files for other machines are a *HelpError of an *ArchError; those for
// newer systems are returned.
func checkArch(req Request, dir string) ([]TooNew, error) {
	platform := req.Target()
	found := &ArchError{Platform: platform}
	var newer []TooNew
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if rel = filepath.ToSlash(rel); !loadable(rel, info.Mode()) {
			return nil
		}
		what, err := foreign(file, platform)
		if err != nil {
			return err
		}
		if what == "" {
			late, err := tooNew(file, rel, req.Runtime)
			if late != nil {
				newer = append(newer, *late)
			}
			return err
		}
		if spare(dir, rel, platform) {
			return nil
		}
		found.Files = append(found.Files, ForeignFile{rel, what})
		return nil
	})
	if err != nil || len(found.Files) == 0 {
		return newer, err
	}
	return nil, &HelpError{
		Err: diag.Errorf("build %s: %w", req.Name, found),
		Help: diag.Say("make it for %s (s build --use-docker does, in the runtime's image), or leave it out of the code with .fcignore if nothing uses it",
			platform),
	}
}

// archLooker finds the files for other machines in code that is packed as it is.
type archLooker struct {
	dir string
	mu  sync.Mutex
	by  map[string]diag.Message
}

// Look takes a look at one file.
func (l *archLooker) Look(e bundle.Entry, head []byte) {
	if !loadable(e.Path, e.Mode) {
		return
	}
	what := foreignHeader(head, DefaultPlatform)
	if what == "" || spare(l.dir, e.Path, DefaultPlatform) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.by[e.Path] = what
}

// Verdict is a *HelpError of an *ArchError if there are such files.
func (l *archLooker) Verdict() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.by) == 0 {
		return nil
	}
	found := &ArchError{Platform: DefaultPlatform}
	for _, path := range slices.Sorted(maps.Keys(l.by)) {
		found.Files = append(found.Files, ForeignFile{path, l.by[path]})
	}
	return &HelpError{Err: found, Help: diag.Say("make it for %s, or leave it out of the code with .fcignore if nothing uses it", DefaultPlatform)}
}

// libraryPattern is the name of a shared library on Linux: x.so, x.so.1.2.
var libraryPattern = regexp.MustCompile(`\.so(\.[0-9.]+)?$`)

// loadable tells by name and mode the files that Linux would load or start.
// Libraries and programs of other systems, by their names, do no harm: wheels
// and npm packages bring them along, and .NET's own are all called .dll.
func loadable(rel string, mode fs.FileMode) bool {
	base := strings.ToLower(path.Base(rel))
	switch path.Ext(base) {
	case ".node":
		return true
	case ".exe", ".dll", ".pyd", ".dylib", ".winmd", ".pdb", ".com":
		return false
	}
	return libraryPattern.MatchString(base) || rel == "bootstrap" || mode&0o111 != 0
}

// headerSize is how much of a file tells what it is, in bytes.
const headerSize = 4096

// foreign says what a file is if it is a program or library of another machine
// than the platform's, else nothing.
func foreign(file string, platform Platform) (diag.Message, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, headerSize)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	return foreignHeader(head[:n], platform), nil
}

// foreignHeader is foreign for the beginning of a file.
func foreignHeader(head []byte, platform Platform) diag.Message {
	if len(head) < 8 {
		return ""
	}
	switch string(head[:4]) {
	case "\x7fELF":
		return foreignELF(head, platform)
	case "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe":
		return diag.Say("a Mach-O file, of macOS")
	case "\xca\xfe\xba\xbe", "\xca\xfe\xba\xbf":
		// Java's classes begin alike; their version is where the number of
		// processors is, and is 45 at least.
		if n := binary.BigEndian.Uint32(head[4:]); n > 0 && n < 45 {
			return diag.Say("a Mach-O file, of macOS")
		}
	}
	if string(head[:2]) == "MZ" && isPE(head) {
		return diag.Say("a PE file, of Windows")
	}
	return ""
}

// isPE looks for the signature where the field at 0x3c points (Microsoft, PE
// format).
func isPE(head []byte) bool {
	if len(head) < 0x40 {
		return false
	}
	at := uint64(binary.LittleEndian.Uint32(head[0x3c:]))
	return at+4 <= uint64(len(head)) && string(head[at:at+4]) == "PE\x00\x00"
}

// Fields of an ELF header (System V ABI, "ELF Header").
const (
	elfData    = 5    // 1 is little endian
	elfType    = 0x10 // 2 is a program, 3 a library or program
	elfMachine = 0x12
	elfHeader  = 0x14 // as far as we read
)

// foreignELF names the processor of an ELF file that isn't the platform's.
// Files to be linked are for tools, not for the runtime.
func foreignELF(head []byte, platform Platform) diag.Message {
	if len(head) < elfHeader {
		return ""
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[elfData] == 2 {
		order = binary.BigEndian
	}
	if kind := order.Uint16(head[elfType:]); kind != 2 && kind != 3 {
		return ""
	}
	machine := order.Uint16(head[elfMachine:])
	if head[elfData] == 1 && machine == elfMachineOf(platform) {
		return ""
	}
	return diag.Say("an ELF file for %s", machineName(machine))
}

// Numbers of processors in ELF headers.
const (
	em386     = 3
	emPPC64   = 21
	emS390    = 22
	emARM     = 40
	emAMD64   = 62
	emARM64   = 183
	emRISCV   = 243
	emLoong64 = 258
)

func elfMachineOf(platform Platform) uint16 {
	if strings.HasSuffix(string(platform), "/arm64") {
		return emARM64
	}
	return emAMD64
}

func machineName(machine uint16) string {
	switch machine {
	case em386:
		return "386"
	case emPPC64:
		return "ppc64"
	case emS390:
		return "s390x"
	case emARM:
		return "arm"
	case emAMD64:
		return "amd64"
	case emARM64:
		return "arm64"
	case emRISCV:
		return "riscv64"
	case emLoong64:
		return "loong64"
	}
	return fmt.Sprintf("processor %d", machine)
}

// spare reports whether a file is one of several for as many platforms, of which
// the right one lies beside it: a part of its path names another platform, and
// in the same folder there is the same for this one.
func spare(dir, rel string, platform Platform) bool {
	parts := strings.Split(rel, "/")
	for i, part := range parts {
		if _, wrong := platformWords(part, platform); !wrong {
			continue
		}
		siblings, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(path.Join(parts[:i]...))))
		if err != nil {
			continue
		}
		last := i == len(parts)-1
		if slices.ContainsFunc(siblings, func(s fs.DirEntry) bool {
			right, wrong := platformWords(s.Name(), platform)
			return right && !wrong && (!last || !s.IsDir() && path.Ext(s.Name()) == path.Ext(part))
		}) {
			return true
		}
	}
	return false
}

var wordEnds = regexp.MustCompile(`[^a-z0-9]+`)

// platformWords tells whether a name has words for the platform, and for others.
func platformWords(name string, platform Platform) (right, wrong bool) {
	name = strings.NewReplacer("x86_64", "amd64", "x86-64", "amd64").Replace(strings.ToLower(name))
	goos, goarch, _ := strings.Cut(string(platform), "/")
	for _, word := range wordEnds.Split(name, -1) {
		switch is := platformWord(word); is {
		case "":
		case goos, goarch:
			right = true
		default:
			wrong = true
		}
	}
	return right, wrong
}

// platformWord gives Go's name of the system or processor that a word stands
// for, empty for another word.
func platformWord(word string) string {
	switch word {
	case "linux", "manylinux", "gnu":
		return "linux"
	case "darwin", "macos", "macosx", "osx", "apple":
		return "darwin"
	case "win", "win32", "win64", "windows":
		return "windows"
	case "android", "freebsd", "openbsd", "netbsd", "sunos", "aix", "musl", "linuxmusl", "musllinux":
		return word
	case "x64", "amd64":
		return "amd64"
	case "arm64", "aarch64", "armv8":
		return "arm64"
	case "ia32", "x86", "i386", "i686", "386", "arm", "armhf", "armv6", "armv7", "armv7l", "ppc64", "ppc64le", "s390x", "riscv64",
		"loong64", "mips64el", "mipsel":
		return word
	}
	return ""
}
