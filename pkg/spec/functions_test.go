package spec

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"s/pkg/spec/expr"
)

// described loads a file whose one resource has that description, and gives
// what it came to, or the codes and summaries of what is wrong.
func described(t *testing.T, opts Options, dir, vars, text string) string {
	t.Helper()
	text = strings.Replace(app(vars, "PLACE"), `"PLACE"`, "'"+strings.ReplaceAll(text, "'", "''")+"'", 1)
	p, ds := parse(opts, "s.yaml", dir, []byte(text))
	if len(ds) > 0 {
		var lines []string
		for _, d := range ds {
			lines = append(lines, d.Code+": "+d.Summary)
		}
		return strings.Join(lines, "\n")
	}
	return p.Resources[0].Function.Description
}

func TestFunctions(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"hello.txt": "hello\n", "empty": "", "data.json": `{"a": [1, {"b": "c"}]}`, "data.yaml": "a:\n  - 1\n  - {b: c}\n", "bad.json": "{",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	vars := "vars: {n: 5, f: 2.9, neg: -3.5, text: AbC, file: hello.txt, list: [1, two], m: {k: v}, yes: true}\n"
	for text, want := range map[string]string{
		"${file(hello.txt)}":                                       "hello\n",
		"${file(concat(vars.file))}":                               "hello\n",
		"${file(vars.x ?? 'hello.txt')}":                           "hello\n",
		"${file('./sub/../hello.txt')}":                            "hello\n",
		"[${file(empty)}]":                                         "[]",
		"${path(hello.txt)}":                                       filepath.Join(dir, "hello.txt"),
		"${path('.')}":                                             dir,
		"${md5file(hello.txt)}":                                    "b1946ac92492d2347c6235b4d2611184",
		"${md5file(empty)}":                                        "d41d8cd98f00b204e9800998ecf8427e",
		"${md5file(hello.txt)}${md5file(hello.txt)}":               strings.Repeat("b1946ac92492d2347c6235b4d2611184", 2),
		"${json(file(data.json)).a[1].b}":                          "c",
		"${yaml(file(data.yaml)).a[1].b}":                          "c",
		"${json('\"text\"')}":                                      "text",
		"${json('[1, 2]')[1]}":                                     "2",
		"${yaml('')}x":                                             "FC-SPEC-034: nothing can't be part of a text",
		"${yaml('5')}":                                             "5",
		"${base64('')}":                                            "",
		"${base64(vars.text)}":                                     base64.StdEncoding.EncodeToString([]byte("AbC")),
		"${base64(file(hello.txt))}":                               base64.StdEncoding.EncodeToString([]byte("hello\n")),
		"${str(vars.f)}":                                           "2.9",
		"${str('x')}":                                              "x",
		"${str('vars.n')}":                                         "5",
		"${env.init(vars.f)}":                                      "2",
		"${env.init(vars.neg)}":                                    "-3",
		"${env.init(' 42 ')}":                                      "42",
		"${env.init('1e300')}":                                     `FC-SPEC-033: "1e300" is no number`,
		"${lower(vars.text)}${upper(vars.text)}":                   "abcABC",
		"${upper('straße')}":                                       "STRASSE",
		"${concat(vars.n, vars.yes, '-', x)}":                      "5true-x",
		"${concat(vars.list, vars.list)[3]}":                       "two",
		"${contains(vars.text, 'bC')}":                             "true",
		"${contains(vars.text, 'bc')}":                             "false",
		"${contains(vars.list, '1')}":                              "true",
		"${contains(vars.list, 'tw')}":                             "false",
		"${contains(vars.m, 'k')}":                                 "true",
		"${contains(vars.m, 'v')}":                                 "false",
		"${contains(vars.m.nope ?? null, 'v')}":                    "false",
		"${env(A)}${env('B', 'b')}${env(C) ?? 'c'}":                "abc",
		"${file(bad.json) ?? 'y'}":                                 "{",
		"${json(file(bad.json)) ?? 'y'}":                           "FC-SPEC-033: the text is no valid JSON",
		"${md5file(nope) ?? path(nope) ?? file('nope') ?? 'none'}": "none",
		"${self.a}${shared.b.c}":                                   "${self.a}${shared.b.c}",
		"${cwd}":                                                   dir,
		"${that.props.region}":                                     "cn-hangzhou",
	} {
		want = strings.Replace(want, "STRASSE", strings.ToUpper("straße"), 1)
		opts := Options{LookupEnv: func(name string) (string, bool) { return "a", name == "A" }}
		if got := described(t, opts, dir, vars, text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestFunctionsRefuse(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, bytes.Repeat([]byte("x"), maxIncluded+1), 0o600); err != nil {
		t.Fatal(err)
	}
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n" +
		"d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n"
	for name, text := range map[string]string{
		"bomb.yaml": bomb, "deep.json": strings.Repeat("[", 200) + strings.Repeat("]", 200), "loop.yaml": "a: &a [*a]\n",
		"many.json": "[" + strings.Repeat("1,", maxValues) + "1]",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"${file(big)}":             `FC-SPEC-037: the file "big" is too large`,
		"${md5file('.')}":          `FC-SPEC-037: the file "." is a folder, not a file`,
		"${yaml(file(bomb.yaml))}": "FC-SPEC-033: the text is no valid YAML",
		"${yaml(file(loop.yaml))}": "FC-SPEC-033: the text is no valid YAML",
		"${json(file(deep.json))}": "FC-SPEC-033: the text is no valid JSON",
		"${json(file(many.json))}": "FC-SPEC-033: the text is no valid JSON",
		"${uuid()}":                "FC-SPEC-033: no random bytes for a UUID: EOF",
		"${secret(x)}":             `FC-SPEC-038: no secret "x" is stored`,
		"${credential.AccountID}":  "FC-SPEC-038: AccountID can't be known: there are no credentials at hand",
		"${credential}":            "FC-SPEC-038: AccountID can't be known: there are no credentials at hand",
	} {
		if got := described(t, Options{Random: strings.NewReader("")}, dir, "", text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestUUIDAndTimestamp(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 20 {
		id := described(t, Options{}, "/project", "", "${uuid()}")
		if !uuid.MatchString(id) || seen[id] {
			t.Errorf("%q is no new UUID", id)
		}
		seen[id] = true
	}
	both := described(t, Options{}, "/project", "vars: {id: '${uuid()}'}\n", "${vars.id} ${vars.id}")
	if a, b, _ := strings.Cut(both, " "); a != b || !uuid.MatchString(a) {
		t.Errorf("one value, twice: %q", both)
	}
	ticks := 0
	opts := Options{Now: func() time.Time { ticks++; return time.Unix(int64(ticks), 0) }}
	if got := described(t, opts, "/project", "", "${timestamp()} ${timestamp()}"); got != "1970-01-01T00:00:01Z 1970-01-01T00:00:01Z" {
		t.Errorf("the time of loading: %q", got)
	}
	before := time.Now().Truncate(time.Second)
	now, err := time.Parse(time.RFC3339, described(t, Options{}, "/project", "", "${timestamp()}"))
	if err != nil || now.Before(before) || now.After(time.Now()) {
		t.Errorf("the system's clock: %v, %v", now, err)
	}
}

// TestLoadingAgainGivesTheSame: with one seed a UUID is the same although more is
// known by then, and each place and resource has one of its own.
func TestLoadingAgainGivesTheSame(t *testing.T) {
	t.Parallel()
	text := app("vars: {first: \"${resources.c.output.none ?? uuid()}\", id: \"${uuid()}\"}\n",
		"${resources.b.output.x} ${vars.first}", "${uuid()} ${uuid()} ${vars.id}", "${uuid()}")
	text += "  d: {component: fc3, props: &p {region: cn-hangzhou, functionName: \"d${this.name}\", runtime: custom, code: ./, description: \"${uuid()}\"}}\n" +
		"  e: {component: fc3, props: *p}\n"
	load := func(seed string, known bool) []string {
		opts := Options{Random: strings.NewReader(seed)}
		if known {
			opts.Output = func(string) (map[string]any, bool) { return map[string]any{"x": "X"}, true }
		}
		var ids []string
		for _, r := range loaded(t, opts, text).Resources[1:] {
			ids = append(ids, strings.Fields(r.Function.Description)...)
		}
		return ids
	}
	seed := strings.Repeat("s", seedSize)
	first := load(seed, false)
	if again := load(seed, true); !slices.Equal(first, again) {
		t.Errorf("first %v\nagain %v", first, again)
	}
	other := load(strings.Repeat("t", seedSize), false)
	seen := map[string]bool{}
	for _, id := range append(first, other...) {
		if seen[id] {
			t.Errorf("%s comes twice", id)
		}
		seen[id] = true
	}
	if len(seen) != 2*6 {
		t.Errorf("%d ids", len(seen))
	}
}

// TestSecretsAndWhatIsMadeOfThem are hidden by Redact, but no short words.
func TestSecretsAndWhatIsMadeOfThem(t *testing.T) {
	const stored = `{"user": "bob", "password": "correct horse", "more": ["battery staple", 1234567]}`
	opts := Options{
		SecretFor: func(name string) (string, error) {
			if name == "db" {
				return stored, nil
			}
			return "", errors.New("no such secret")
		},
		Credential: func(field string) (string, error) { return "the" + field, nil },
		LookupEnv:  func(string) (string, bool) { return "from env", true },
	}
	text := app("vars: {p: '${json(secret(db)).password}'}\n", "${vars.p} ${base64(secret('db'))} ${credential.AccessKeyID} ${credential.AccountID} ${upper(config(SecurityToken))} ${env(MY_KEY)}")
	p := loaded(t, opts, text)
	secret64 := base64.StdEncoding.EncodeToString([]byte(stored))
	want := "correct horse " + secret64 + " theAccessKeyID theAccountID THESECURITYTOKEN from env"
	if got := p.Resources[0].Function.Description; got != want {
		t.Errorf("got %q", got)
	}
	for in, out := range map[string]string{
		stored: "***", "correct horse": "***", "battery staple": "***", secret64: "***", "theAccessKeyID": "***", "THESECURITYTOKEN": "***",
		"bob": "bob", "theAccountID": "theAccountID", "a " + stored + " b": "a *** b",
	} {
		if got := p.Redact(in); got != out {
			t.Errorf("%q became %q", in, got)
		}
	}
	for v := range p.Values() {
		if strings.HasSuffix(v.Path, "description") && (!v.Secret || v.Value != "***") {
			t.Errorf("shown: %+v", v)
		}
	}
	whole := loaded(t, opts, app("vars: {c: '${credential}'}\n", "${vars.c.AccessKeySecret}"))
	if whole.Redact("x theAccessKeySecret") != "x ***" || whole.Resources[0].Function.Description != "theAccessKeySecret" {
		t.Error("all of the credentials at once")
	}
	if got := described(t, opts, "/project", "", "${secret(x)}"); got != `FC-SPEC-038: the secret "x" can't be known: no such secret` {
		t.Errorf("got %q", got)
	}
	// The name of a secret may be secret, too.
	if got := described(t, opts, "/project", "", "${secret(config(AccessKeySecret))} ${config(secret(db))}"); strings.Contains(got, "theAccess") || strings.Contains(got, "horse") {
		t.Errorf("shown: %q", got)
	}
}

// TestEveryFunctionHasAUsage that the language itself understands.
func TestEveryFunctionHasAUsage(t *testing.T) {
	l := newLoader(Options{}, &source{file: "s.yaml"}, "/project")
	for name, fn := range newResolver(l).functions() {
		template, errs := expr.Parse("${" + fn.Usage + "}")
		if len(errs) > 0 {
			t.Errorf("%s: %v", name, errs[0])
			continue
		}
		call, ok := template.Single().(*expr.Call)
		if !ok || call.Name != name || len(call.Args) < fn.Min || fn.Max >= 0 && len(call.Args) > fn.Max {
			t.Errorf("%s: usage %s", name, fn.Usage)
		}
	}
}
