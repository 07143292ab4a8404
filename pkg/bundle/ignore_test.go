package bundle

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plant writes files below a new folder; a name that ends in / is a folder, a
// value that starts with -> a symbolic link.
func plant(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		full := filepath.Join(root, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := errors.Join(os.MkdirAll(full, 0o755), os.Chmod(full, 0o755)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(content, "->"); ok {
			err = os.Symlink(target, full)
		} else {
			err = errors.Join(os.WriteFile(full, []byte(content), 0o644), os.Chmod(full, 0o644)) // whatever the umask
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func paths(l *Listing) []string {
	out := []string{}
	for _, e := range l.Entries {
		out = append(out, e.Path)
	}
	return out
}

// TestIgnoreRules lists trees under rules; every file but the .fcignore ones is
// written "kept" or "-gone".
func TestIgnoreRules(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		rules map[string]string // folder -> text of its .fcignore
		files string
	}{
		{"no rules", nil, "a b/c .hidden"},
		{"a name matches at any depth", map[string]string{"": "x"}, "-x -a/x -a/b/x xy -d/x/deep/y"},
		{"a leading slash anchors", map[string]string{"": "/x"}, "-x a/x"},
		{"./x is /x", map[string]string{"": "./x\n./d/*.txt"}, "-x a/x -d/1.txt d/1.md e/d/1.txt"},
		{"a slash inside anchors", map[string]string{"": "a/x"}, "-a/x b/a/x x"},
		{"a trailing slash means folders, and anchors", map[string]string{"": "x/"}, "a/x b/x/y -x/y"},
		{"a trailing slash behind double star", map[string]string{"": "**/x/"}, "a/x -b/x/y -x/y"},
		{"a file isn't a folder", map[string]string{"": "/x/"}, "x"},
		{"case doesn't matter", map[string]string{"": "README.md\n*.PNG\n/Docs\nx[a-c]"}, "-readme.MD -a.png -docs/y -XB xd"},
		{"dots are matched by stars", map[string]string{"": "*.log\n?idden"}, "-.log -a.log .hidden -hidden"},
		{"stars stay in their name", map[string]string{"": "/a/*.txt"}, "-a/1.txt a/b/2.txt"},
		{"double star at the start", map[string]string{"": "**/x/y"}, "-x/y -a/x/y -a/b/x/y y"},
		{"double star inside", map[string]string{"": "a/**/z"}, "-a/z -a/b/z -a/b/c/z b/a/z"},
		{"double star at the end", map[string]string{"": "a/**"}, "-a/x -a/b/c b/a/c ab"},
		{"classes", map[string]string{"": "x[0-9]\ny[!a]\nz[^a]\nw[]]\nv[[:digit:]]\nu[\\]]"}, "-x1 xa -yb ya -zb za -w] -v7 va -u]"},
		{"an open class is a character", map[string]string{"": "x[1*"}, "-x[12 x1"},
		{"escapes", map[string]string{"": "\\#a\n\\!b\nc\\*\nd\\[1]"}, "-#a -!b -c* cc -d[1] d1"},
		{
			"braces",
			map[string]string{"": "*.{js,ts}\nf{1..3}\n{x,y/z}\nq{a}\n{a,{b,c}d}e"},
			"-1.js -1.ts 1.go -f1 -f3 f4 -x -w/x -y/z w/y/z -q{a} -ae -bde -cde de",
		},
		{"comments and blanks", map[string]string{"": "\ufeff# x\n\n  y  \r\n\r\n#z"}, "x -y z #z"},
		{"the last match wins", map[string]string{"": "*.txt\n!keep.txt\n/d/keep.txt"}, "-a.txt keep.txt -d/keep.txt e/keep.txt"},
		{"order counts", map[string]string{"": "!keep.txt\n*.txt"}, "-keep.txt"},
		{"re-include below an excluded folder", map[string]string{"": "lib\n!lib/keep/this"}, "lib/a lib/keep/that lib/keep/this a/x -a/lib/y"},
		{"re-include with double star", map[string]string{"": "lib/**\n!lib/**/*.py"}, "-lib/a lib/b.py lib/c/d.py -lib/c/e"},
		{"re-include all but one folder", map[string]string{"": "/*\n!/src"}, "-a -b/c src/d src/e/f"},
		{"a re-included folder's files", map[string]string{"": "x\n!a/x\na/x/secret"}, "-x a/x/y -a/x/secret -b/x/y"},
		{"a bare name doesn't open excluded folders", map[string]string{"": "lib/\n!keep"}, "-lib/keep keep"},
		{
			"extended patterns",
			map[string]string{"": "+(a|b).x\n?(c)d\n@(e|f*)g\n*(h)i\nj+(k\n@(l|@(m|n))"},
			"-aba.x c.x -d -cd ccd -eg -f1g g -hhi -j+(k jk -l -n",
		},
		{"twice negated", map[string]string{"": "!!x"}, "-x"},
		{
			"rules of a subfolder",
			map[string]string{"": "*.txt", "a": "!keep.txt\n/only\nb/c"},
			"-x.txt -keep.txt a/keep.txt a/b/keep.txt -a/only a/b/only -a/b/c b/c only",
		},
		{"./ behind more than one !", map[string]string{"": "!!./x"}, "x"},
		{"empty patterns", map[string]string{"": "/\n!\n./\n.\n//"}, "a b/c"},
		{"defaults", nil, "-.git/config -.env -.env.local -.s/build/x -.s/logs/y -.s/state.json .s/python/lib/z .s/python/x.json " +
			"-a/.git/x -a/.env -a/.s/logs/y a/b.env -a/__pycache__/m.pyc -.DS_Store -a/.DS_Store m.pyc -.svn/x env .gitignore"},
		{
			"defaults overridden",
			map[string]string{"": "!.env\n!__pycache__\n!/.s/build/keep"},
			".env -.env.local a/__pycache__/m.pyc .s/build/keep -.s/logs/x -.git/y",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			files, want := map[string]string{}, map[string]bool{}
			for dir, text := range tc.rules {
				files[path.Join(dir, IgnoreFile)] = text
			}
			for f := range strings.FieldsSeq(tc.files) {
				name, gone := strings.CutPrefix(f, "-")
				files[name] = "text"
				if !gone {
					want[name] = true
				}
			}
			l, err := List(context.Background(), plant(t, files), ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for _, p := range paths(l) {
				if path.Base(p) != IgnoreFile {
					got[p] = true
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLeftOutIsReported(t *testing.T) {
	t.Parallel()
	root := plant(t, map[string]string{
		".git/a": "", ".git/b": "", "x/.git/c": "", ".env.local": "", "a/__pycache__/1": "", "b/__pycache__/2": "",
		".s/build/x": "", "own.txt": "", "keep": "", IgnoreFile: "own.txt",
	})
	l, err := List(context.Background(), root, ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".env.local", ".git", ".s/build", "__pycache__"}, l.LeftOut); diff != "" {
		t.Error(diff)
	}
	all, err := List(context.Background(), root, ListOptions{NoDefaultIgnore: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Entries) != 9 || len(all.LeftOut) != 0 {
		t.Errorf("without defaults: %v, left out %v", paths(all), all.LeftOut)
	}
}

func TestBadRules(t *testing.T) {
	t.Parallel()
	for pattern, reason := range map[string]string{
		"x!(a|b)": "aren't supported",
		strings.Repeat("@(", 12) + "a" + strings.Repeat(")", 12): "aren't supported",
		"x[z-a]":                          "cannot be understood",
		strings.Repeat("{a,b}", 12):       "more than 1000",
		strings.Repeat("a/", 70) + "b":    "deeper than",
		strings.Repeat("a", maxPattern+1): "longer than",
	} {
		_, err := List(context.Background(), plant(t, map[string]string{"d/" + IgnoreFile: "ok\n" + pattern}), ListOptions{})
		var pe *PatternError
		if !errors.As(err, &pe) || pe.Line != 2 || pe.File != "d/.fcignore" || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.40q: got %v, want an error with %q at d/.fcignore:2", pattern, err, reason)
		}
	}
}

// FuzzIgnore looks for rules that crash, hang or contradict each other.
func FuzzIgnore(f *testing.F) {
	for _, s := range []string{"*.js", "a/**/b", "!x", "{a,b{1..3}}", "[a-z]?\\*", "x[", "**/**", "/./x/", "a{,b}c", "[[:alpha:]-]"} {
		f.Add(s, "a/b/x.js")
	}
	f.Fuzz(func(t *testing.T, text, rel string) {
		rel = strings.Trim(path.Clean("/"+rel), "/")
		if rel == "" || len(text) > 200 {
			t.Skip()
		}
		s, err := parseRules("f", text, "", nil)
		if err != nil {
			var pe *PatternError
			if !errors.As(err, &pe) || pe.Reason == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		v := s.decide(rel, false)
		if v.ignored && v.index < 0 || v.index >= s.len() {
			t.Fatalf("%q on %q: %+v of %d rules", text, rel, v, s.len())
		}
		// The same rule as the last line, negated, always has the last word.
		if !strings.ContainsAny(text, "\r\n") && v.ignored {
			again, err := parseRules("f", text+"\n!"+strings.TrimSpace(text), "", nil)
			if err == nil && again.decide(rel, false).ignored {
				t.Fatalf("%q: its negation doesn't re-include %q", text, rel)
			}
		}
	})
}
