package pep508

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, text string) Version {
	t.Helper()
	v, err := ParseVersion(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestOrder has the order that PEP 440 gives as an example, and more.
func TestOrder(t *testing.T) {
	t.Parallel()
	order := []string{
		"0.9", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2", "1.0b2.post345.dev456",
		"1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0+abc.5", "1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1", "1.10", "2", "1!0.1",
	}
	for i, a := range order {
		for j, b := range order {
			c := parse(t, a).Compare(parse(t, b))
			if (c < 0) != (i < j) || (c > 0) != (i > j) {
				t.Errorf("%s and %s: %d", a, b, c)
			}
		}
	}
	for _, same := range [][2]string{
		{"1.0", "1.0.0"},
		{"v1.0-ALPHA.1", "1a1"},
		{"1.0-1", "1.0.post1"},
		{"1.0-r4", "1.0.post4"},
		{"1.0preview2", "1.0rc2"},
		{"1.0c2", "1.0rc2"},
		{" 1.0_beta ", "1.0b0"},
		{"01.2", "1.2"},
	} {
		if parse(t, same[0]).Compare(parse(t, same[1])) != 0 {
			t.Errorf("%s isn't %s", same[0], same[1])
		}
	}
	for _, no := range []string{"", "x", "1.", "1..0", "1.0-", "1 0", "1.0+", "==1", "1.0\n2", strings.Repeat("1", 300)} {
		if _, err := ParseVersion(no); err == nil {
			t.Errorf("%q is a version", no)
		}
	}
}

func TestSpecifiers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		version, spec string
		want          bool
	}{
		{"3.10.2", "", true},
		{"3.10.2", ">=3.8", true},
		{"3.10.2", ">=3.8,<3.10", false},
		{"3.10.2", "==3.10.*", true},
		{"3.10.2", "!=3.10.*", false},
		{"3.1.2", "==3.10.*", false},
		{"3.9.2", ">=3.7, !=3.9.0,!=3.9.1", true},
		{"3.9.1", ">=3.7,!=3.9.0,!=3.9.1", false},
		{"2.2", "~=2.1", true},
		{"3.0", "~=2.1", false},
		{"2.1.5", "~=2.1.3", true},
		{"2.2", "~=2.1.3", false},
		{"1.0rc1", "<1.0", false},
		{"1.0rc1", "<1.0rc2", true},
		{"0.9rc1", "<1.0", true},
		{"1.0.post1", ">1.0", false},
		{"1.0.post1", ">1.0.post0", true},
		{"1.0+local", "==1.0", true},
		{"1.0+local", "==1.0+other", false},
		{"1.0", "===1.0", true},
		{"1.0", "<=1.0", true},
		{"1!1.0", "==1.*", false},
		{"3.0", "*", true},
	} {
		got, err := parse(t, tc.version).Matches(tc.spec)
		if err != nil || got != tc.want {
			t.Errorf("%s %s: %v, %v", tc.version, tc.spec, got, err)
		}
	}
	for _, bad := range []string{"3.8", ">=x", "~=1", "=1.0", ">=1.0,x", "==x.*"} {
		if _, err := parse(t, "1").Matches(bad); err == nil {
			t.Errorf("%q is a specifier", bad)
		}
	}
}

func linux() Environment {
	return Environment{
		"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64",
		"platform_python_implementation": "CPython", "implementation_name": "cpython",
		"python_version": "3.10", "python_full_version": "3.10.2", "implementation_version": "3.10.2",
	}
}

func TestMarkers(t *testing.T) {
	t.Parallel()
	for marker, want := range map[string]bool{
		"":                                               true,
		"python_version < '3.11'":                        true,
		"python_version < '3.9'":                         false, // not as texts
		"'3.9' <= python_version":                        true,
		`python_full_version < "3.10.3"`:                 true,
		`python_full_version <= "3.11.0a6"`:              true,
		`python_version == "3.*"`:                        true,
		`python_version ~= "3.8"`:                        true,
		`python_version in "3.9, 3.10"`:                  true,
		`python_version not in "3.9,3.11"`:               true,
		`sys_platform == 'win32'`:                        false,
		`sys.platform == 'linux' and os.name == 'posix'`: true,
		`sys_platform == "win32" or sys_platform == "linux" and python_version >= "3.12"`:             false,
		`(sys_platform == "win32" or sys_platform == "linux") and python_version >= "3.8"`:            true,
		`platform_machine == "aarch64" or (platform_machine == "ppc64le" or 'x86' in "x86_64")`:       true,
		`platform_python_implementation != "PyPy"`:                                                    true,
		`python_implementation == "CPython"`:                                                          true,
		`extra == "socks"`:                                                                            false,
		`extra != "socks"`:                                                                            true,
		`platform_release >= "5"`:                                                                     false,
		`implementation_name == "cpython" and implementation_version >= "3.10"`:                       true,
		`sys_platform >= "aix" and sys_platform <= "linux" and sys_platform > "a" and os_name < "zz"`: true,
		`python_version >= "not a version"`:                                                           false,
	} {
		got, err := linux().Evaluate(marker)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", marker, got, err)
		}
	}
	if ok, err := linux().With("extra", "socks").Evaluate(`extra == "socks"`); !ok || err != nil {
		t.Error(ok, err)
	}
	for _, bad := range []string{
		"python_version", "python_version <", "python_version < 3", "nonsense == 'x'", "(python_version < '3'", "python_version < '3')",
		"python_version < '3' python_version < '4'", "'x", "python_version not '3'", "python_version ~= 'x'", "and", "os_name == 'a' or",
		strings.Repeat("(", 200), strings.Repeat(" ", maxMarker) + "os_name == 'x'",
	} {
		if got, err := linux().Evaluate(bad); err == nil && len(bad) > 0 {
			t.Errorf("%.60q is a marker: %v", bad, got)
		}
	}
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Requirement{
		"flask":                          {Name: "flask"},
		"Flask >= 2, <3":                 {Name: "Flask", Specifiers: ">= 2, <3"},
		"uvicorn[standard,x] (>=0.5)":    {Name: "uvicorn", Extras: []string{"standard", "x"}, Specifiers: ">=0.5"},
		"a[]; python_version<'3'":        {Name: "a", Marker: "python_version<'3'"},
		"x @ https://e.com/x.whl ; os_y": {Name: "x", URL: "https://e.com/x.whl", Marker: "os_y"},
		"x@git+https://e.com/x;y@main":   {Name: "x", URL: "git+https://e.com/x;y@main"},
	} {
		got, err := ParseRequirement(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v %s", text, err, diff)
		}
	}
	for _, bad := range []string{"", "-r x", "--index-url x", "./pkg", "a b", "a\n-r x", "a>=x", "a 1.0", "[x]"} {
		if r, err := ParseRequirement(bad); err == nil {
			t.Errorf("%q is %+v", bad, r)
		}
	}
	for name, want := range map[string]bool{"a": true, "A.b-c_d": true, "": false, "-a": false, "a-": false, "a b": false, "a[x]": false, "../a": false} {
		if got := ValidName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	if got := NormalName("Flask_SQL.-X"); got != "flask-sql-x" {
		t.Error(got)
	}
}

// FuzzMarkers looks for markers that crash or hang the reader.
func FuzzMarkers(f *testing.F) {
	for _, s := range []string{"python_version < '3.11' and (os_name == \"posix\" or extra == 'x')", "'a' in 'b'", "((((", "not in"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := linux().Evaluate(text)
		if again, err2 := linux().Evaluate("(" + text + ")"); err == nil && strings.TrimSpace(text) != "" && len(text) < maxMarker-2 && (err2 != nil || again != got) && !strings.Contains(text, "(") {
			t.Errorf("%q: %v, in parentheses %v, %v", text, got, again, err2)
		}
	})
}

// FuzzVersions looks for versions that aren't ordered.
func FuzzVersions(f *testing.F) {
	f.Add("1.0rc1", "1!2.0.post1.dev3+x")
	f.Add("v1.0-1", "99999999999999999999999")
	f.Fuzz(func(t *testing.T, a, b string) {
		v, err := ParseVersion(a)
		if err != nil {
			return
		}
		if v.Compare(v) != 0 {
			t.Errorf("%q isn't itself", a)
		}
		if w, err := ParseVersion(b); err == nil && v.Compare(w) != -w.Compare(v) {
			t.Errorf("%q and %q", a, b)
		}
		_, _ = v.Matches(b)
	})
}

func FuzzRequirement(f *testing.F) {
	f.Add("uvicorn[standard] (>=0.5) ; os_name == 'x'")
	f.Add("x @ https://e.com/x.whl ; y")
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := ParseRequirement(text); err == nil && !ValidName(r.Name) {
			t.Errorf("%q has the name %q", text, r.Name)
		}
	})
}
