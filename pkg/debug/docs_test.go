package debug

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	usedTopic       = regexp.MustCompile(`(?:Linef\(|Topic: |\.Topic = )"(\w+)"`)
	documentedTopic = regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")
)

// TestTopicsAreDocumented: those that the program tells are those of the table in
// docs/debug.md, in both languages.
func TestTopicsAreDocumented(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, m := range usedTopic.FindAllSubmatch(data, -1) {
			used[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(maps.Keys(used))
	for _, name := range []string{"debug.md", "debug.zh-CN.md"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		var have []string
		for _, m := range documentedTopic.FindAllSubmatch(data, -1) {
			have = append(have, string(m[1]))
		}
		slices.Sort(have)
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s (-told +documented):\n%s", name, diff)
		}
	}
}
