package python

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf16"

	"s/pkg/build"
	"s/pkg/diag"
)

// requirementsFile lists the dependencies of Python code.
const requirementsFile = "requirements.txt"

// requirements is a requirements.txt with all that it refers to, as far as it
// decides what gets installed.
type requirements struct {
	sum hash.Hash
	// any is set if there is something to install.
	any bool
	// local are the packages named by a path relative to the source: pip may
	// write into them, so that it is given copies.
	local []string
	// flat is all of it in one file, with packages that are editable as if they
	// weren't: an artifact has no place to edit them at. It is for a list that
	// has such (editable).
	flat     strings.Builder
	editable bool

	source string
	seen   map[string]bool
}

var (
	optionPattern  = regexp.MustCompile(`^(-r|-c|-e|-f|--requirement|--constraint|--editable|--find-links)(?:\s+|=|$)\s*(.*)$`)
	commentPattern = regexp.MustCompile(`(^|\s+)#.*$`)
	// glued matches -rfile, which pip takes as -r file.
	gluedPattern = regexp.MustCompile(`^-([rcef])([^\s=-].*)$`)
)

// readRequirements reads the requirements of a source folder. It returns nil if
// there is no such file.
func readRequirements(source string) (*requirements, error) {
	r := &requirements{sum: sha256.New(), source: source, seen: map[string]bool{}}
	err := r.file(filepath.Join(source, requirementsFile), false)
	if errors.Is(err, fs.ErrNotExist) && len(r.seen) == 1 {
		return nil, nil
	}
	return r, err
}

func (r *requirements) digest() string { return digestOf(r.sum) }

// file reads one file of requirements or constraints and those it names.
func (r *requirements) file(path string, constraints bool) error {
	if r.seen[path] {
		return nil
	}
	r.seen[path] = true
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.sum, "file %d\n%s\n", len(data), data)
	text := strings.ReplaceAll(decode(data), "\r\n", "\n")
	text = strings.ReplaceAll(text, "\\\n", "")
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(commentPattern.ReplaceAllString(line, ""))
		if line == "" {
			continue
		}
		if err := r.line(line, filepath.Dir(path), constraints); err != nil {
			return diag.Errorf("%s: %w", filepath.Base(path), err)
		}
	}
	return nil
}

// decode reads text in UTF-8, or in what the mark at its beginning tells, as pip
// does: PowerShell's > writes UTF-16.
func decode(data []byte) string {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return strings.TrimPrefix(string(data), "\ufeff")
	}
	var units []uint16
	for at := 2; at+1 < len(data); at += 2 {
		units = append(units, order.Uint16(data[at:]))
	}
	return string(utf16.Decode(units))
}

func (r *requirements) line(line, dir string, constraints bool) error {
	if m := gluedPattern.FindStringSubmatch(line); m != nil {
		line = "-" + m[1] + " " + m[2]
	}
	option, value := "", line
	if m := optionPattern.FindStringSubmatch(line); m != nil {
		option, value = m[1], strings.Trim(m[2], `"'`)
	} else if strings.HasPrefix(line, "-") {
		r.keep(line, constraints)
		return nil // --no-index and the like: part of the text already
	}
	switch option {
	case "-r", "--requirement", "-c", "--constraint":
		if isURL(value) {
			r.keep(line, constraints)
			return nil
		}
		if !filepath.IsAbs(value) {
			value = filepath.Join(dir, value)
		}
		if option == "-c" || option == "--constraint" {
			r.keep("-c "+quote(value), constraints)
			constraints = true
		}
		return r.file(value, constraints)
	case "-f", "--find-links":
		return r.links(value, dir, line, constraints)
	case "-e", "--editable":
		r.editable = r.editable || !constraints // else pip says that it can't be
	}
	if constraints {
		return nil
	}
	r.any = true
	r.keep(value, constraints)
	if p, ok := localPath(value, r.source); ok {
		if !filepath.IsAbs(p) {
			r.local = append(r.local, p)
		}
		return r.path(p, r.source)
	}
	return nil
}

// keep adds a line to the flat list. Those of constraints stay in their file.
func (r *requirements) keep(line string, constraints bool) {
	if !constraints {
		r.flat.WriteString(line + "\n")
	}
}

// links is a place to look for packages in. A folder is sought beside the list
// first.
func (r *requirements) links(value, dir, line string, constraints bool) error {
	if isURL(value) {
		r.keep(line, constraints)
		return nil
	}
	near := filepath.Join(dir, value)
	if _, err := os.Stat(near); err == nil && !filepath.IsAbs(value) {
		line = "-f " + quote(near)
	}
	r.keep(line, constraints)
	return r.path(value, dir)
}

// quote writes an argument of an option as pip reads it, which is as a shell
// does. A path of Windows has no quotes, but backslashes.
func quote(path string) string { return "'" + strings.ReplaceAll(path, "'", `'"'"'`) + "'" }

// localPath gives the folder or file that a requirement names, if it does.
func localPath(value, source string) (string, bool) {
	if _, after, ok := strings.Cut(value, "@"); ok && !isURL(value) && strings.HasPrefix(strings.TrimSpace(after), "file:") {
		value = strings.TrimSpace(after)
	}
	value, _, _ = strings.Cut(value, ";")
	value = strings.TrimSpace(value)
	if rest, ok := strings.CutPrefix(value, "file:"); ok {
		rest, _, _ = strings.Cut(rest, "#")
		if u, err := url.PathUnescape(rest); err == nil {
			rest = u
		}
		rest = strings.TrimPrefix(rest, "//localhost")
		return strings.TrimPrefix(rest, "//"), true
	}
	if isURL(value) {
		return "", false
	}
	value, _, _ = strings.Cut(value, " --") // options; a path may have spaces
	value = strings.TrimSpace(value)
	if bracket := strings.IndexByte(value, '['); bracket > 0 && strings.HasSuffix(value, "]") {
		value = value[:bracket] // extras
	}
	if !strings.ContainsAny(value, `/\`) && !strings.HasPrefix(value, ".") {
		return "", false // a name, even if a folder is called so, too
	}
	full := value
	if !filepath.IsAbs(full) {
		full = filepath.Join(source, value)
	}
	_, err := os.Stat(full)
	return value, err == nil
}

func isURL(s string) bool { return strings.Contains(s, "://") && !strings.HasPrefix(s, "file:") }

// path adds what is at a path to the sum.
func (r *requirements) path(value, dir string) error { return addPath(r.sum, value, dir) }

// addPath adds the names, sizes and times of what is at a path to a sum.
func addPath(sum io.Writer, value, dir string) error {
	if !filepath.IsAbs(value) {
		value = filepath.Join(dir, value)
	}
	return filepath.WalkDir(value, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == value {
			return nil // pip will say so
		}
		if err != nil {
			return err
		}
		if d.IsDir() && build.NotPackage(d.Name()) {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() {
			fmt.Fprintf(sum, "local %q %d %d\n", strings.TrimPrefix(path, value), info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
}
