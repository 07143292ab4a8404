package nodejs

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/build"
	"s/pkg/build/buildtest"
)

// elfModule is a shared library as far as it tells what it is for: a header and
// a table of dynamic symbols, those with a + in front imported.
func elfModule(t *testing.T, machine elf.Machine, symbols ...string) string {
	t.Helper()
	names, table := []byte{0}, make([]byte, elf.Sym64Size)
	for _, s := range symbols {
		name, imported := strings.CutPrefix(s, "+")
		sym := elf.Sym64{Name: uint32(len(names)), Info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), Shndx: 1}
		if imported {
			sym.Shndx = 0
		}
		names = append(append(names, name...), 0)
		table = append(table, encode(t, sym)...)
	}
	const header = 64
	sections := []elf.Section64{
		{},
		{Type: uint32(elf.SHT_STRTAB), Off: header, Size: uint64(len(names))},
		{
			Type: uint32(elf.SHT_DYNSYM), Off: header + uint64(len(names)), Size: uint64(len(table)),
			Link: 1, Entsize: elf.Sym64Size,
		},
	}
	h := elf.Header64{
		Type: uint16(elf.ET_DYN), Machine: uint16(machine), Version: 1, Ehsize: header,
		Shoff: header + uint64(len(names)+len(table)), Shentsize: 64, Shnum: uint16(len(sections)), Shstrndx: 1,
	}
	copy(h.Ident[:], elf.ELFMAG+"\x02\x01\x01")
	return string(encode(t, h)) + string(names) + string(table) + string(encode(t, sections))
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := binary.Write(&buf, binary.LittleEndian, v); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// machModule is one for macOS on a processor.
func machModule(t *testing.T, cpu uint32) string {
	t.Helper()
	return string(encode(t, []uint32{0xfeedfacf, cpu, 0, 8, 0, 0, 0, 0}))
}

func TestReadAddon(t *testing.T) {
	t.Parallel()
	fat := "\xca\xfe\xba\xbe\x00\x00\x00\x00"
	windows := "MZ" + strings.Repeat("\x00", 0x3a) + "\x40\x00\x00\x00PE\x00\x00\x64\x86" + strings.Repeat("\x00", 60)
	for name, tc := range map[string]struct {
		file string
		want addon
	}{
		"linux":            {elfModule(t, elf.EM_X86_64), addon{platform: "linux/amd64"}},
		"an old module":    {elfModule(t, elf.EM_X86_64, "+malloc", "node_register_module_v108"), addon{platform: "linux/amd64", abi: 108}},
		"Node-API":         {elfModule(t, elf.EM_AARCH64, "x", "napi_register_module_v1"), addon{platform: "linux/arm64", portable: true}},
		"Node-API, older":  {elfModule(t, elf.EM_X86_64, "+napi_module_register"), addon{platform: "linux/amd64", portable: true}},
		"rare":             {elfModule(t, elf.EM_RISCV), addon{platform: "linux/riscv"}},
		"macOS on Apple":   {machModule(t, 0x0100000c), addon{platform: "darwin/arm64"}},
		"macOS on Intel":   {machModule(t, 0x01000007), addon{platform: "darwin/amd64"}},
		"windows":          {windows, addon{platform: "windows"}},
		"no program":       {"text", addon{platform: "an unknown platform"}},
		"nothing":          {"", addon{platform: "an unknown platform"}},
		"macOS, of no cpu": {fat, addon{platform: "an unknown platform"}},
	} {
		path := filepath.Join(t.TempDir(), "x.node")
		if err := os.WriteFile(path, []byte(tc.file), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := readAddon(path); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	linux, arm, mac := elfModule(t, elf.EM_X86_64), elfModule(t, elf.EM_AARCH64), machModule(t, 0x0100000c)
	v108, v115 := elfModule(t, elf.EM_X86_64, "node_register_module_v108"), elfModule(t, elf.EM_X86_64, "node_register_module_v115")
	napi := elfModule(t, elf.EM_X86_64, "napi_register_module_v1")
	for name, tc := range map[string]struct {
		files    map[string]string
		inexact  bool
		foreign  bool
		runtime  string
		err      string
		helpWith string
	}{
		"nothing":   {},
		"right":     {files: map[string]string{"a/build/Release/a.node": linux}},
		"prebuilds": {files: map[string]string{"a/prebuilds/darwin-arm64/a.node": mac, "a/prebuilds/linux-x64/a.node": napi, "a/prebuilds/linux-arm64/a.node": arm}},
		"no prebuild": {
			files: map[string]string{"@s/a/prebuilds/darwin-arm64/a.node": mac, "@s/a/prebuilds/linux-arm64/a.node": arm},
			err:   "package @s/a has a module compiled for darwin/arm64, the function runs on linux/amd64", helpWith: "s build --use-docker",
		},
		"compiled here": {
			files: map[string]string{"b/node_modules/a/build/Release/a.node": mac},
			err:   "package a has a module compiled for darwin/arm64, the function runs on linux/amd64", helpWith: "s build --use-docker",
		},
		"for a platform that isn't ours": {files: map[string]string{"a/a.node": mac, "a/package.json": `{"os":["darwin"]}`}},
		"another ABI": {
			files: map[string]string{"a/build/Release/a.node": v115},
			err:   "package a has a module compiled for Node.js 20 (ABI 115), the function runs Node.js 18", helpWith: "s build --use-docker",
		},
		"another ABI, beside what is no module": {
			files: map[string]string{"a/build/Release/a.node": v115, "a/build/Release/extension.node": linux, "a/x.node": linux}, inexact: true,
			err: "package a has a module compiled for Node.js 20 (ABI 115), the function runs Node.js 18", helpWith: "s build --use-docker",
		},
		"an ABI from the future": {files: map[string]string{"a/build/Release/a.node": elfModule(t, elf.EM_X86_64, "node_register_module_v9999")}},
		"one of several ABIs":    {files: map[string]string{"a/prebuilds/linux-x64/node.abi115.node": v115, "a/prebuilds/linux-x64/node.abi108.node": v108}},
		"by another version": {
			files: map[string]string{"a/build/Release/a.node": linux}, inexact: true,
			err: "package a has a module compiled for Node.js 20.1.0, the function runs Node.js 18", helpWith: "install Node.js 18",
		},
		"by another version, but Node-API":  {files: map[string]string{"a/build/Release/a.node": napi}, inexact: true},
		"by another version, and delivered": {files: map[string]string{"a/bin/a.node": linux}, inexact: true},
		"of a version that isn't known":     {files: map[string]string{"a/build/Release/a.node": v115}, inexact: true, runtime: "custom"},
		"outside of any package":            {files: map[string]string{"x.node": mac}, err: "package . has a module compiled for darwin/arm64, the function runs on linux/amd64", helpWith: "docker"},
		"an npm that can't choose": {
			files: map[string]string{"a/package.json": `{"os":["darwin"]}`}, foreign: true,
			err: "package a isn't for linux/x64, where the function runs", helpWith: "npm 10",
		},
		"an npm that leaves nothing else":   {files: map[string]string{"fsevents/package.json": `{"os":["darwin"]}`, "a/dist/package.json": `{"os":["darwin"]}`}, foreign: true},
		"an npm that may choose as it does": {files: map[string]string{"a/package.json": `{"os":["darwin"]}`}},
	} {
		dir := buildtest.TempDir(t)
		buildtest.Plant(t, dir, tc.files)
		for file := range tc.files {
			if strings.HasSuffix(file, ".node") && strings.Contains(file, "/") {
				pkg, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(file, "b/node_modules/"), "@s/"), "/")
				at := filepath.Join(dir, strings.Split(file, pkg+"/")[0], pkg, "package.json")
				if !exists(at) {
					buildtest.Plant(t, filepath.Dir(at), map[string]string{"package.json": "{}"})
				}
			}
		}
		runtime := "nodejs18"
		if tc.runtime != "" {
			runtime = tc.runtime
		}
		m := &maker{installer: installer{
			job: &build.Job{Request: build.Request{Runtime: runtime}}, target: targetOf("linux/amd64"), foreign: tc.foreign,
			node: build.Tool{Version: "20.1.0", Exact: !tc.inexact}, tool: build.Tool{Name: npm},
		}}
		err := m.check(dir)
		var help *build.HelpError
		switch {
		case tc.err == "" && err == nil:
		case err == nil || err.Error() != tc.err:
			t.Errorf("%s: got %v, want %s", name, err, tc.err)
		case !errors.As(err, &help) || !strings.Contains(help.Help.String(), tc.helpWith):
			t.Errorf("%s: help %+v", name, help)
		}
	}
	m := &maker{}
	if err := m.check(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("nothing installed: %v", err)
	}
}
