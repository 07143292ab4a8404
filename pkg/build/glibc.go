package build

import (
	"debug/elf"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"s/pkg/fc"
)

// TooNew is a file that was compiled for a newer system than the function's
// image: it doesn't load there.
type TooNew struct {
	Path  string // in the artifact, with slashes
	Needs string // the version of the C library, 2.34
	Has   string // that of the image
}

// neededGlibc is the second number of the C library that an ELF file asks for,
// 34 for 2.34; 0 if it asks for none, or isn't a whole ELF file.
func neededGlibc(file string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return glibcOf(f), nil
}

func glibcOf(r io.ReaderAt) int {
	f, err := elf.NewFile(r)
	if err != nil {
		return 0
	}
	needs, err := f.DynamicVersionNeeds()
	if err != nil {
		return 0 // linked statically, or damaged
	}
	newest := 0
	for _, library := range needs {
		for _, version := range library.Needs {
			if text, ok := strings.CutPrefix(version.Dep, "GLIBC_2."); ok {
				text, _, _ = strings.Cut(text, ".")
				n, err := strconv.Atoi(text)
				if err == nil {
					newest = max(newest, n)
				}
			}
		}
	}
	return newest
}

// tooNew tells whether a file asks for a newer C library than the runtime's
// image has; nil if not.
func tooNew(file, rel, runtimeName string) (*TooNew, error) {
	rt, _ := fc.LookupRuntime(runtimeName)
	_, second, _ := strings.Cut(rt.Glibc, ".")
	has, err := strconv.Atoi(second)
	if err != nil {
		return nil, nil // an image that we don't know
	}
	needs, err := neededGlibc(file)
	if err != nil || needs <= has {
		return nil, err
	}
	return &TooNew{Path: rel, Needs: fmt.Sprintf("2.%d", needs), Has: rt.Glibc}, nil
}
