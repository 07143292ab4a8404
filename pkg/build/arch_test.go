package build

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/build/buildtest"
	"s/pkg/bundle"
)

// elfHead is the beginning of an ELF file.
func elfHead(kind, machine uint16, order binary.ByteOrder) string {
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01\x01")
	if order == binary.BigEndian {
		head[elfData] = 2
	}
	order.PutUint16(head[elfType:], kind)
	order.PutUint16(head[elfMachine:], machine)
	return string(head)
}

func library(machine uint16) string { return elfHead(3, machine, binary.LittleEndian) }

// pe is the beginning of a PE file.
func pe() string {
	head := make([]byte, 0x90)
	copy(head, "MZ")
	binary.LittleEndian.PutUint32(head[0x3c:], 0x80)
	copy(head[0x80:], "PE\x00\x00")
	return string(head)
}

const macho = "\xcf\xfa\xed\xfe\x0c\x00\x00\x01"

func TestForeignHeaders(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, head string
		platform   Platform
		want       string
	}{
		{"amd64", library(emAMD64), "linux/amd64", ""},
		{"arm64", library(emARM64), "linux/arm64", ""},
		{"arm64 for amd64", library(emARM64), "linux/amd64", "an ELF file for arm64"},
		{"amd64 for arm64", library(emAMD64), "linux/arm64", "an ELF file for amd64"},
		{"a program", elfHead(2, em386, binary.LittleEndian), "linux/amd64", "an ELF file for 386"},
		{"big endian", elfHead(3, emS390, binary.BigEndian), "linux/amd64", "an ELF file for s390x"},
		{"the wrong endian", elfHead(3, emAMD64, binary.BigEndian), "linux/amd64", "an ELF file for amd64"},
		{"an object", elfHead(1, emARM64, binary.LittleEndian), "linux/amd64", ""},
		{"unknown", library(4242), "linux/amd64", "an ELF file for processor 4242"},
		{"others", library(emPPC64), "linux/amd64", "an ELF file for ppc64"},
		{"arm", library(emARM), "linux/arm64", "an ELF file for arm"},
		{"riscv", library(emRISCV), "linux/amd64", "an ELF file for riscv64"},
		{"loong", library(emLoong64), "linux/amd64", "an ELF file for loong64"},
		{"short", "\x7fELF\x02\x01\x01\x00", "linux/amd64", ""},
		{"Mach-O", macho, "linux/amd64", "a Mach-O file, of macOS"},
		{"Mach-O of 32 bits", "\xfe\xed\xfa\xce....", "linux/amd64", "a Mach-O file, of macOS"},
		{"Mach-O for several", "\xca\xfe\xba\xbe\x00\x00\x00\x02", "linux/amd64", "a Mach-O file, of macOS"},
		{"a Java class", "\xca\xfe\xba\xbe\x00\x00\x00\x34", "linux/amd64", ""},
		{"PE", pe(), "linux/amd64", "a PE file, of Windows"},
		{"only MZ", "MZ" + strings.Repeat("\x00", 100), "linux/amd64", ""},
		{"MZ that points outside", "MZ" + strings.Repeat("\xff", 100), "linux/amd64", ""},
		{"MZ and no more", "MZ123456", "linux/amd64", ""},
		{"a script", "#!/bin/sh\necho\n", "linux/amd64", ""},
		{"empty", "", "linux/amd64", ""},
	} {
		if got := foreignHeader([]byte(tc.head), tc.platform).String(); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestCheckArch(t *testing.T) {
	t.Parallel()
	mac, right, arm := macho, library(emAMD64), library(emARM64)
	for _, tc := range []struct {
		name  string
		files map[string]string // those whose names begin with + may be started
		want  string            // the files that are named; empty for none
	}{
		{"right", map[string]string{"python/x.so": right, "bootstrap": right, "+bin/tool": right, "lib/y.so.1.2": right}, ""},
		{"library", map[string]string{"python/x.cpython-310-darwin.so": mac}, "python/x.cpython-310-darwin.so"},
		{"versioned library", map[string]string{"lib/x.so.1.2": arm}, "lib/x.so.1.2"},
		{"addon", map[string]string{"node_modules/a/build/Release/a.node": pe()}, "node_modules/a/build/Release/a.node"},
		{"bootstrap that isn't executable", map[string]string{"bootstrap": arm}, "bootstrap"},
		{"a bootstrap of somebody else's", map[string]string{"docs/bootstrap": arm}, ""},
		{"program", map[string]string{"+main": mac}, "main"},
		{"data", map[string]string{"main": mac, "x.bin": arm}, ""},
		{"launchers and libraries of Windows", map[string]string{"+python/setuptools/cli-64.exe": pe(), "+app.dll": pe(), "+x.dylib": mac, "_x.pyd": pe()}, ""},
		{"prebuilds", map[string]string{
			"n/prebuilds/darwin-x64/a.node": mac, "n/prebuilds/linux-arm64/a.node": arm, "n/prebuilds/linux-x64/a.node": right,
		}, ""},
		{"prebuilds without the right one", map[string]string{
			"n/prebuilds/darwin-x64/a.node": mac, "n/prebuilds/linux-arm64/a.node": arm,
		}, "n/prebuilds/darwin-x64/a.node n/prebuilds/linux-arm64/a.node"},
		{"nested folders", map[string]string{"n/bin/darwin/x64/a.node": mac, "n/bin/linux/x64/a.node": right, "n/bin/linux/arm64/a.node": arm}, ""},
		{"names", map[string]string{"n/a.darwin-arm64.node": mac, "n/a.linux-x64-gnu.node": right}, ""},
		{"names, and another kind of file is right", map[string]string{"n/a.darwin-arm64.node": mac, "n/a.linux-x64.txt": ""}, "n/a.darwin-arm64.node"},
		{"packages", map[string]string{
			"node_modules/@img/sharp-darwin-arm64/lib/s.node": mac, "node_modules/@img/sharp-linux-x64/lib/s.node": right,
		}, ""},
		{"packages, and only musl is right", map[string]string{
			"node_modules/@img/sharp-darwin-arm64/lib/s.node": mac, "node_modules/@img/sharp-linuxmusl-x64/lib/s.node": right,
		}, "node_modules/@img/sharp-darwin-arm64/lib/s.node"},
		{"wheels", map[string]string{"x.cpython-310-x86_64-linux-gnu.so": right, "x.cpython-310-aarch64-linux-gnu.so": arm}, ""},
		{"the same name says nothing", map[string]string{"linux-x64/a.node": arm}, "linux-x64/a.node"},
	} {
		dir := t.TempDir()
		for name, content := range tc.files {
			plain, started := strings.CutPrefix(name, "+")
			buildtest.Plant(t, dir, map[string]string{plain: content})
			if started {
				if err := os.Chmod(filepath.Join(dir, plain), 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}
		var named []string
		var found *ArchError
		if _, err := checkArch(Request{Name: "hello"}, dir); errors.As(err, &found) {
			for _, f := range found.Files {
				named = append(named, f.Path)
			}
		} else if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if got := strings.Join(named, " "); got != tc.want {
			t.Errorf("%s: names %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestArchError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	buildtest.Plant(t, dir, map[string]string{"a.so": macho, "b.so": library(emARM64), "c.node": pe(), "d.so": macho, "e.so": macho})
	_, err := checkArch(Request{Name: "hello"}, dir)
	want := "build hello: a.so is a Mach-O file, of macOS; b.so is an ELF file for arm64; c.node is a PE file, of Windows; 2 more; the function runs on linux/amd64"
	var help *HelpError
	if !errors.As(err, &help) || err.Error() != want || !strings.Contains(help.Help.String(), "make it for linux/amd64") || !strings.Contains(help.Help.String(), ".fcignore") {
		t.Errorf("got %v", err)
	}
	if _, err := checkArch(Request{Name: "hello"}, filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// FuzzHeaders looks for beginnings of files that crash the reader.
func FuzzHeaders(f *testing.F) {
	for _, s := range []string{library(emAMD64), pe(), macho, "\xca\xfe\xba\xbe\x00\x00\x00\x02", "MZ" + strings.Repeat("\x3c", 70)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		amd, arm := foreignHeader(head, "linux/amd64").String(), foreignHeader(head, "linux/arm64").String()
		if amd == "" && arm == "" {
			return
		}
		// What neither loads is no ELF file of one of them, and one of them loads
		// nothing of the other.
		if amd == arm && (strings.HasSuffix(amd, " amd64") || strings.HasSuffix(amd, " arm64")) && head[elfData] == 1 {
			t.Errorf("%q: %s", head, amd)
		}
	})
}

func TestArtifactOfAnotherMachine(t *testing.T) {
	t.Parallel()
	files := listed()
	p := newProject(t, files)
	m := &maker{name: "a", version: "1", plan: Plan{Into: "deps"}}
	p.build(m)
	before := p.made()
	buildtest.Plant(t, p.req.SourceDir, map[string]string{"bootstrap": library(emARM64)})
	_, err := Builders{m}.Build(context.Background(), p.req)
	var found *ArchError
	if !errors.As(err, &found) || found.Files[0].Path != "bootstrap" {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(before, p.made()); diff != "" {
		t.Error("the former artifact changed: ", diff)
	}
	p.req.Platform = "linux/arm64"
	p.build(m)
}

// TestLookerOfCodeAsItIs: code that isn't built is looked at when it is packed.
func TestLookerOfCodeAsItIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{
		"bootstrap": macho, "lib/a.so": library(emARM64), "lib/right.so": library(emAMD64), "text.so": "no library",
		"prebuilds/darwin-arm64/x.node": macho, "prebuilds/linux-x64/x.node": library(emAMD64), "win.exe": pe(), "data": macho,
	}
	buildtest.Plant(t, dir, files)
	looker := Artifacts{}.Looker(dir)
	if err := looker.Verdict(); err != nil {
		t.Errorf("of nothing: %v", err)
	}
	for path, text := range files {
		looker.Look(bundle.Entry{Path: path, Mode: 0o644}, []byte(text))
	}
	looker.Look(bundle.Entry{Path: "tool", Mode: 0o755}, []byte(pe()))
	want := "bootstrap is a Mach-O file, of macOS; lib/a.so is an ELF file for arm64; tool is a PE file, of Windows; the function runs on linux/amd64"
	var help *HelpError
	err := looker.Verdict()
	if !errors.As(err, &help) || err.Error() != want || !strings.Contains(string(help.Help), ".fcignore") {
		t.Errorf("%v, help %v", err, help)
	}
}
