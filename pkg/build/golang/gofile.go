package golang

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// goFile is what a go.mod or go.work says, as far as it decides which folders
// belong to a build.
type goFile struct {
	module  string   // path of the module
	version string   // of Go: 1.24.0; empty if it names none
	use     []string // folders of a go.work
	replace []string // folders that stand for modules
}

// parseGoFile reads a go.mod or go.work (go.dev/ref/mod): a directive per line,
// or several in parentheses. What it doesn't know it leaves to the tool.
func parseGoFile(text string) goFile {
	var f goFile
	block := ""
	for line := range strings.Lines(text) {
		words := words(line)
		switch {
		case len(words) == 0:
		case words[0] == ")":
			block = ""
		case block != "":
			f.directive(block, words)
		case len(words) == 2 && words[1] == "(":
			block = words[0]
		default:
			f.directive(words[0], words[1:])
		}
	}
	return f
}

func (f *goFile) directive(name string, args []string) {
	switch {
	case len(args) == 0:
	case name == "module":
		f.module = args[0]
	case name == "go":
		f.version = args[0]
	case name == "use":
		f.use = append(f.use, args[0])
	case name == "replace":
		arrow := slices.Index(args, "=>")
		if arrow >= 0 && arrow+1 < len(args) && isFolder(args[arrow+1]) {
			f.replace = append(f.replace, args[arrow+1])
		}
	}
}

// isFolder reports whether the right side of a replacement is a folder, not a
// module.
func isFolder(s string) bool {
	return s == "." || s == ".." || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || filepath.IsAbs(s)
}

// words are those of a line without its comment; they may be quoted.
func words(line string) []string {
	var out []string
	for line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//"); line = strings.TrimSpace(line) {
		if line[0] == '"' || line[0] == '`' {
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return append(out, line)
			}
			word, _ := strconv.Unquote(quoted) // QuotedPrefix has checked it
			out, line = append(out, word), line[len(quoted):]
			continue
		}
		end := strings.IndexAny(line, " \t")
		if end < 0 {
			end = len(line)
		}
		out, line = append(out, line[:end]), line[end:]
	}
	return out
}

// compareVersions orders versions of Go: 1.9, 1.21rc2, 1.21.0.
func compareVersions(a, b string) int {
	as, bs := numbers(a), numbers(b)
	for i := range max(len(as), len(bs)) {
		x, y := 0, 0
		if i < len(as) {
			x = as[i]
		}
		if i < len(bs) {
			y = bs[i]
		}
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// numbers are those of a version; what a release candidate adds doesn't count.
func numbers(v string) []int {
	var out []int
	for part := range strings.SplitSeq(strings.TrimPrefix(v, "go"), ".") {
		digits := strings.IndexFunc(part, func(c rune) bool { return c < '0' || c > '9' })
		if digits < 0 {
			digits = len(part)
		}
		n, err := strconv.Atoi(part[:digits])
		if err != nil {
			break
		}
		out = append(out, n)
		if digits < len(part) {
			break
		}
	}
	return out
}
