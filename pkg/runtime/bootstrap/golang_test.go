package bootstrap

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// program makes the smallest file that is a program of Linux, for that processor
// and, if not empty, linked with a C library that has that loader.
func program(processor elf.Machine, loader string) []byte {
	const headerSize, partSize = 64, 56
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(processor), Version: uint32(elf.EV_CURRENT),
		Phoff: headerSize, Ehsize: headerSize, Phentsize: partSize, Phnum: 1, Shentsize: 64,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	part := elf.Prog64{Type: uint32(elf.PT_INTERP), Off: headerSize + partSize, Filesz: uint64(len(loader) + 1), Memsz: uint64(len(loader) + 1)}
	if loader == "" {
		part.Type = uint32(elf.PT_NULL)
	}
	var b bytes.Buffer
	for _, v := range []any{header, part, append([]byte(loader), 0)} {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func TestCheckProgram(t *testing.T) {
	t.Parallel()
	const libc, musl = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"
	linux := machine{system: "linux", processor: "amd64", exists: func(path string) bool { return path == libc }}
	mac := machine{system: "darwin", processor: "arm64", exists: linux.exists}
	for _, tt := range []struct {
		name    string
		content []byte
		mode    os.FileMode
		on      machine
		says    string // "" if nothing is wrong
	}{
		{"static", program(elf.EM_X86_64, ""), 0o755, linux, ""},
		{"with the C library that is here", program(elf.EM_X86_64, libc), 0o755, linux, ""},
		{"a script", []byte("#!/bin/sh\n"), 0o755, linux, ""},
		{"with another C library", program(elf.EM_X86_64, musl), 0o755, linux, "was linked with a C library whose loader " + musl + " isn't here: `s build`"},
		{"for ARM", program(elf.EM_AARCH64, ""), 0o755, linux, "was compiled for the processor arm64, and this machine's is amd64: add GOARCH=amd64"},
		{"for ARM of 32 bits", program(elf.EM_ARM, ""), 0o755, linux, "processor arm, and"},
		{"for x86 of 32 bits", program(elf.EM_386, ""), 0o755, linux, "processor 386, and"},
		{"for RISC-V", program(elf.EM_RISCV, ""), 0o755, linux, "processor riscv, and"},
		{"cut", program(elf.EM_X86_64, "")[:40], 0o755, linux, "is damaged ("},
		{"for macOS", []byte("\xcf\xfa\xed\xfe rest"), 0o755, linux, "was compiled for darwin: `s build`"},
		{"for macOS, several processors", []byte("\xca\xfe\xba\xbe rest"), 0o755, linux, "was compiled for darwin"},
		{"for Windows", []byte("MZ rest"), 0o755, linux, "was compiled for windows: `s build`"},
		{"source code", []byte("package main\n"), 0o755, linux, "is no program: `s build`"},
		{"empty", nil, 0o755, linux, "is no program"},
		{"not executable", program(elf.EM_X86_64, ""), 0o644, linux, "isn't executable: `chmod +x`"},
		{"on macOS", program(elf.EM_AARCH64, ""), 0o755, mac, "it runs locally on Linux only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "main")
			if err := os.WriteFile(file, tt.content, tt.mode); err != nil {
				t.Fatal(err)
			}
			err := checkProgram(file, "main", tt.on)
			switch {
			case tt.says == "" && err != nil:
				t.Error(err)
			case tt.says != "" && (err == nil || !strings.HasPrefix(err.Error(), `"main", the program that the function's handler names, `) || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

func TestProgramIsMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check := func(handler, says string) {
		t.Helper()
		if err := golang().Check(dir, Start{Handler: handler}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", handler, err, says)
		}
	}
	check("main", "isn't in its code: `s build`")
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "sub/x"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	check("main", "isn't in its code; programs there: a, b, c, d, e, ...")
	check("sub/main", "isn't in its code; programs there: x")
	check("nowhere/main", "isn't in its code")
	check("sub", "is a folder: name the file in it")
	check("../../../bin/main", "isn't in its code") // never outside of it
	if err := golang().Check(dir, Start{Handler: "./sub/x"}); err != nil {
		t.Error(err)
	}
}

func TestGoCommand(t *testing.T) {
	t.Parallel()
	for handler, want := range map[string]string{
		"main": "/code/main", "bin/api": "/code/bin/api", "./main": "/code/main", "../../bin/sh": "/code/bin/sh",
	} {
		if got := golang().Command(Start{Code: "/code", Handler: handler}); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q", handler, got)
		}
	}
	if m := host(); m.exists(filepath.Join(t.TempDir(), "none")) || !m.exists(t.TempDir()) {
		t.Error("what the machine has isn't known")
	}
}

// TestProcessors: a program of Go is told of no more than its function has.
func TestProcessors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		cpu      float64
		memoryMB int
		want     int
	}{
		{0.05, 128, 1},
		{0.35, 512, 1},
		{1, 1024, 1},
		{1, 4096, 1},
		{1.05, 2048, 2},
		{2, 2048, 2},
		{16, 32768, 16},
		{0, 128, 1},
		{0, 1024, 1},
		{0, 1088, 2},
		{0, 3072, 3},
		{0, 0, 1},
	} {
		s := Start{CPU: test.cpu, MemoryMB: test.memoryMB}
		if got := s.processors(); got != test.want {
			t.Errorf("%g vCPU, %d MB: %d, want %d", test.cpu, test.memoryMB, got, test.want)
		}
		env, want := golang().Env(s), strconv.Itoa(test.want)
		if test.want >= runtime.NumCPU() {
			want = ""
		}
		if env["GOMAXPROCS"] != want {
			t.Errorf("%g vCPU, %d MB: %v, want %q", test.cpu, test.memoryMB, env, want)
		}
	}
}
