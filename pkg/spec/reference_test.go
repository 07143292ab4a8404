package spec

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReferenceIsFresh: the pages of the manual are those of the tables.
func TestReferenceIsFresh(t *testing.T) {
	t.Parallel()
	for lang, file := range map[string]string{LangEnglish: "s.yaml.md", LangChinese: "s.yaml.zh-CN.md"} {
		var page bytes.Buffer
		if err := WriteReference(&page, lang); err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile("../../docs/reference/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(strings.ReplaceAll(string(have), "\r\n", "\n"), page.String()); d != "" {
			t.Errorf("run make generate; %s (-have +want):\n%s", file, d)
		}
	}
}

// TestReferenceHasEveryKey under a heading of its own block, once.
func TestReferenceHasEveryKey(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	if err := WriteReference(&page, LangEnglish); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	for _, table := range tables() {
		eachObject(table, func(o *object) {
			for _, f := range o.fields {
				if !strings.Contains(text, "\n| `"+f.key+"`") {
					t.Errorf("%s of %s is missing", f.key, o.title)
				}
			}
		})
	}
	for _, edition := range strings.Split(text, "\n## ")[1:] {
		seen := map[string]bool{}
		for _, h := range regexp.MustCompile(`(?m)^### .*$`).FindAllString(edition, -1) {
			if seen[h] {
				t.Errorf("two sections %q", h)
			}
			seen[h] = true
		}
	}
}

// TestRowsInTables: no cell breaks its table.
func TestRowsInTables(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{LangEnglish, LangChinese} {
		var page bytes.Buffer
		if err := WriteReference(&page, lang); err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(page.String(), "\n") {
			if !strings.HasPrefix(line, "|") {
				continue
			}
			if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n != 6 {
				t.Errorf("%s: %d bars in %s", lang, n, line)
			}
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	props := propsV3()
	for _, tt := range []struct{ key, en, zh string }{
		{"memorySize", "Memory of an instance in MB. Allowed: 128 to 32768, in steps of 64. Default: 512.", "实例的内存，单位 MB。取值：128 到 32768，步长 64。默认值：512。"},
		{"diskSize", "Temporary disk of an instance in MB. Allowed: 512 or 10240. Default: 512.", "实例的临时磁盘，单位 MB。取值：512 或 10240。默认值：512。"},
		{"supplement", "Data for tools other than this one. Checked, not carried out yet.", "供其他工具使用的数据。目前仅校验，尚不执行。"},
	} {
		f := props.find(tt.key)
		if d := cmp.Diff([]string{tt.en, tt.zh}, []string{f.sentence(LangEnglish), f.sentence(LangChinese)}); d != "" {
			t.Errorf("%s: %s", tt.key, d)
		}
	}
	for _, tt := range []struct {
		rule   rule
		en, zh string
	}{
		{apart("a", "b"), "`a` and `b` exclude each other.", "`a` 与 `b` 不能同时设置。"},
		{together("a", "b"), "`a` and `b` go together.", "`a` 与 `b` 须同时设置。"},
		{needs("a", "b", []string{"x"}, words{"so it is", "如此"}), "`a` is needed if `b` is x: so it is.", "`b` 为 x 时必须设置 `a`：如此。"},
		{needs("a", "b", []string{"x", "y"}, words{"so it is", "如此"}), "`a` is needed if `b` is one of x, y: so it is.", "`b` 为 以下之一：x, y 时必须设置 `a`：如此。"},
		{ordered("a", "b"), "`a` is at most `b`.", "`a` 不大于 `b`。"},
	} {
		if d := cmp.Diff([]string{tt.en, tt.zh}, []string{tt.rule.sentence(LangEnglish), tt.rule.sentence(LangChinese)}); d != "" {
			t.Error(d)
		}
	}
}
