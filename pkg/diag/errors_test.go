package diag

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

// own is an error type with a wording.
type own struct{ path string }

func (e *own) Error() string  { return e.Wording().Error() }
func (e *own) Wording() error { return Errorf("%s: cannot be read: %w", e.path, fs.ErrNotExist) }

func (e *own) Unwrap() error { return fs.ErrNotExist }

// wrapper says what it wraps.
type wrapper struct{ err error }

func (w *wrapper) Error() string { return w.err.Error() }
func (w *wrapper) Unwrap() error { return w.err }

func TestErrorsInAnotherLanguage(t *testing.T) {
	t.Parallel()
	words := map[string]string{
		"build %s: %w":           "构建 %s：%w",
		"%s: cannot be read: %w": "%s：无法读取：%w",
		"no %s: %s":              "没有 %s：%s",
		"nothing to do":          "无事可做",
		"set %s":                 "请设置 %s",
		"%d of %q":               "%[2]q 中的 %[1]d",
	}
	translate := func(text string) string {
		if translated, ok := words[text]; ok {
			return translated
		}
		return text
	}
	inner := &own{"a.txt"}
	for _, tc := range []struct {
		err      error
		en, want string
	}{
		{Errorf("nothing to do"), "nothing to do", "无事可做"},
		{Errorf("build %s: %w", "x", inner), "build x: a.txt: cannot be read: file does not exist", "构建 x：a.txt：无法读取：file does not exist"},
		{&wrapper{inner}, "a.txt: cannot be read: file does not exist", "a.txt：无法读取：file does not exist"},
		{fmt.Errorf("code: %w", inner), "code: a.txt: cannot be read: file does not exist", "code: a.txt：无法读取：file does not exist"},
		{fmt.Errorf("%w, so there", inner), "a.txt: cannot be read: file does not exist, so there", "a.txt: cannot be read: file does not exist, so there"},
		{Errorf("no %s: %s", "nothing", "nothing to do"), "no nothing: nothing to do", "没有 nothing：无事可做"},
		{Errorf("no %s: %s", Say("set %s", "code"), Message("nothing to do")), "no set code: nothing to do", "没有 请设置 code：无事可做"},
		{Errorf("%d of %q", 3, "four"), `3 of "four"`, `"four" 中的 3`},
		{errors.New("nothing to do"), "nothing to do", "nothing to do"},
	} {
		if got := tc.err.Error(); got != tc.en {
			t.Errorf("in English %q, want %q", got, tc.en)
		}
		if got := In(tc.err, translate); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
	if err := Errorf("build %s: %w", "x", inner); !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, inner) {
		t.Error("what is wrapped isn't found")
	}
}
