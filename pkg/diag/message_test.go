package diag

import (
	"strings"
	"testing"
)

func TestMessage(t *testing.T) {
	t.Parallel()
	zh := map[string]string{
		"unknown key %q in %s": "%q 在 %s 中未知", "%s must be %s, not %s": "%s 应为 %s，而不是 %s", "a string": "字符串", "note": "注意",
		"%d of %.1f": "%d / %.1f",
	}
	translate := func(text string) string {
		if to, ok := zh[text]; ok {
			return to
		}
		return text
	}
	for _, tt := range []struct {
		m        Message
		en, inZH string
	}{
		{m: Say("unknown key %q in %s", "a b", "props"), en: `unknown key "a b" in props`, inZH: `"a b" 在 props 中未知`},
		{m: Say("%s must be %s, not %s", `"x"`, "a string", "note"), en: `"x" must be a string, not note`, inZH: `"x" 应为 字符串，而不是 note`},
		{m: Say("%d of %.1f", 5, 2.25), en: "5 of 2.2", inZH: "5 / 2.2"},
		{m: Say("plain"), en: "plain", inZH: "plain"},
		{m: Say("%s", "%s and %q"), en: "%s and %q", inZH: "%s and %q"},
		{m: Say("unknown key %q in %s", "", ""), en: `unknown key "" in `, inZH: `"" 在  中未知`},
		{m: Say("%s has %d", "a"), en: "a has ", inZH: "a has "},
	} {
		same := func(s string) string { return s }
		if got := tt.m.In(same); got != tt.en {
			t.Errorf("got %q, want %q", got, tt.en)
		}
		if got := tt.m.In(translate); got != tt.inZH {
			t.Errorf("got %q, want %q", got, tt.inZH)
		}
	}
	one, same, other := Say("a %s", "b"), Say("a %s", "b"), Say("a %s", "c")
	if one != same || one == other {
		t.Error("messages can't be compared")
	}
}

// TestRenderTranslates: the summary, unless somebody changed it.
func TestRenderTranslates(t *testing.T) {
	t.Parallel()
	opts := RenderOptions{Translate: func(s string) string { return strings.Replace(s, "wrong", "falsch", 1) }}
	m := Say("%s is wrong", "x")
	for want, d := range map[string]Diagnostic{
		"error: x is falsch\n":   {Summary: "x is wrong", Message: m},
		"error: y: x is wrong\n": {Summary: "y: x is wrong", Message: m},
		"error: z is wrong\n":    {Summary: "z is wrong"},
	} {
		if got := render(t, "", opts, d); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := render(t, "", RenderOptions{}, d); !strings.Contains(got, "is wrong") {
			t.Errorf("without a translation: %q", got)
		}
	}
}
