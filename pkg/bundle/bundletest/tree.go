// Package bundletest writes source trees of a given size for tests and
// benchmarks of packing: the same tree for the same description.
package bundletest

import (
	"bytes"
	"fmt"
	"go/build"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Tree describes a source tree.
type Tree struct {
	Files int
	Bytes int64 // of all files together
	Seed  uint64
	// Text is a folder with real source text (*.go, *.py, *.js, *.md) to cut the
	// files from; empty makes text from a word list.
	Text string
}

// Large is the tree that the packing figure is measured on: 20,000 files and
// 190 MB.
func Large() Tree { return Tree{Files: 20_000, Bytes: 190 << 20, Seed: 1, Text: GoSource()} }

// filesPerFolder is about what source trees have.
const filesPerFolder = 16

// corpusLimit bounds the memory for the text to cut from, in bytes.
const corpusLimit = 48 << 20

// GoSource is the folder of the Go standard library's source, or empty if it
// isn't on this machine.
func GoSource() string {
	dir := filepath.Join(build.Default.GOROOT, "src")
	if _, err := os.Stat(filepath.Join(dir, "fmt", "print.go")); err != nil {
		return ""
	}
	return dir
}

// Write makes the tree below dir, which must exist.
func (t Tree) Write(dir string) error {
	text, err := t.corpus()
	if err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(t.Seed, 7))
	left := t.Bytes
	pos := 0
	for i := range t.Files {
		size := left
		if rest := int64(t.Files - i); rest > 1 {
			// Skewed as source files are: many small ones, some of ten times the
			// mean, and the mean kept on the way.
			size = int64(float64(left/rest) * min(rnd.ExpFloat64()+0.05, 12) * 0.96)
			size = min(size, left)
		}
		left -= size
		folder := i / filesPerFolder
		path := filepath.Join(dir, fmt.Sprintf("module%02d", folder%40), fmt.Sprintf("part%03d", folder/40), fmt.Sprintf("source_%05d.go", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		var content []byte
		content, pos = cut(text, pos, int(size))
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// cut takes n bytes of the endless repetition of text, from pos on.
func cut(text []byte, pos, n int) ([]byte, int) {
	out := make([]byte, 0, n)
	for len(out) < n {
		chunk := text[pos:min(len(text), pos+n-len(out))]
		out = append(out, chunk...)
		pos = (pos + len(chunk)) % len(text)
	}
	return out, pos
}

// corpus gathers the text that the files are cut from.
func (t Tree) corpus() ([]byte, error) {
	if t.Text == "" {
		return words(t.Seed, 8<<20), nil
	}
	var buf bytes.Buffer
	err := filepath.WalkDir(t.Text, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case buf.Len() >= corpusLimit:
			return fs.SkipAll
		case !d.Type().IsRegular() || !isText(path):
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		buf.Write(data)
		return nil
	})
	if err == nil && buf.Len() == 0 {
		err = fmt.Errorf("no source text below %s", t.Text)
	}
	return buf.Bytes(), err
}

func isText(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".go", ".py", ".js", ".md":
		return true
	}
	return false
}

// words makes n bytes that look like source text to a compressor: identifiers
// of a vocabulary, some far more frequent than others, in indented lines.
func words(seed uint64, n int) []byte {
	const letters = "etaoinsrhldcumfpgwybvkxjqz"
	rnd := rand.New(rand.NewPCG(seed, 11))
	vocabulary := strings.Fields("func return if err nil != == := { } ( ) range for import self def class None string int var type struct")
	for range 4000 {
		var w strings.Builder
		for range 3 + rnd.IntN(9) {
			w.WriteByte(letters[int(float64(len(letters))*rnd.Float64()*rnd.Float64())])
		}
		vocabulary = append(vocabulary, w.String())
	}
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(strings.Repeat("\t", rnd.IntN(4)))
		for range 1 + rnd.IntN(9) {
			r := rnd.Float64()
			b.WriteString(vocabulary[int(float64(len(vocabulary))*r*r*r)])
			b.WriteByte(" ._,("[rnd.IntN(5)])
		}
		b.WriteByte('\n')
	}
	return b.Bytes()[:n]
}
