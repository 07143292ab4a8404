package debug

import (
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		argv []string
		want string
	}{
		{[]string{"python3", "-m", "pip", "install", "-r", "/a b/requirements.txt"}, "python3 -m pip install -r '/a b/requirements.txt'"},
		{[]string{"x", ""}, "x ''"},
		{[]string{"x", "it's"}, `x 'it'\''s'`},
		{[]string{"x", "--password", "hush", "after"}, "x --password *** after"},
		{[]string{"x", "--AccessKeySecret=hush"}, "x --AccessKeySecret=***"},
		{[]string{"x", "-db-passwd", "hush"}, "x -db-passwd ***"},
		{[]string{"curl", "-u", "me:hush", "https://x"}, "curl -u me:*** https://x"},
		{[]string{"curl", "-u", "me"}, "curl -u me"},
		{[]string{"sh", "-c", "curl -u me:hush https://x"}, "sh -c 'curl -u me:*** https://x'"},
		{[]string{"sh", "-c", "DB_PASSWORD=hush; ./run"}, "sh -c 'DB_PASSWORD=***; ./run'"},
		{[]string{"sh", "-c", `API_KEY="hush hush" ./run`}, "sh -c 'API_KEY=*** ./run'"},
		{[]string{"sh", "-c", `curl -H "Authorization: Bearer hush" x`}, `sh -c 'curl -H "Authorization: Bearer ***" x'`},
		{[]string{"sh", "-c", `curl -d '{"token": "hush"}' x`}, `sh -c 'curl -d '\''{"token": ***}'\'' x'`},
		{[]string{"sh", "-c", "tool --secret-token hush --other y"}, "sh -c 'tool --secret-token *** --other y'"},
		{[]string{"sh", "-c", "psql postgres://me:hu@sh@db/x?a=b"}, "sh -c 'psql postgres://***@db/x?a=b'"},
		{[]string{"git", "clone", "https://hush@host/x"}, "git clone https://***@host/x"},
		{[]string{"sh", "-c", "\nset -e\nPASSWORD='hush\nhush' x\n"}, "sh -c 'set -e …'"},
		// What isn't a secret stays readable.
		{[]string{"sh", "-c", "npm run get_token -- --region cn-hangzhou"}, "sh -c 'npm run get_token -- --region cn-hangzhou'"},
		{[]string{"s", "secret", "add", "name"}, "s secret add name"},
		{[]string{"x", "--user", "root"}, "x --user root"},
	} {
		got := CommandLine(tt.argv)
		if got != tt.want {
			t.Errorf("%q:\ngot  %s\nwant %s", tt.argv, got, tt.want)
		}
		if strings.Contains(got, "hush") {
			t.Errorf("%q: a secret shows in %s", tt.argv, got)
		}
	}
}

// FuzzCommandLine: the value of a flag for a secret is never shown, whatever is
// around it.
func FuzzCommandLine(f *testing.F) {
	f.Add("sh", "x y")
	f.Add("'", "=")
	f.Add("--token", "-u")
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "hush-7f3a"
		if strings.Contains(before+after, "7f3a") {
			t.Skip()
		}
		for _, argv := range [][]string{
			{before, "--password", secret, after},
			{before, "--access-key-secret=" + secret, after},
			{before, "https://me:" + secret + "@host/", after},
		} {
			if got := CommandLine(argv); strings.Contains(got, secret) {
				t.Errorf("%q gives %s", argv, got)
			}
		}
	})
}
