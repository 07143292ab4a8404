package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// peerCase is a tree with rules and what the peer packs of it.
type peerCase struct {
	Rules map[string]string `json:"rules"` // folder -> text of its .fcignore
	Files []string          `json:"files"` // one that ends in / is an empty folder
	Kept  []string          `json:"kept"`
}

var update = flag.Bool("update", false, "ask the peer again; S_PEER_MODULES is a node_modules folder with @serverless-devs/ignore-walk 0.0.1")

const peerScript = `
const walk = require(process.argv[1] + '/@serverless-devs/ignore-walk').default
const fs = require('fs'), path = require('path')
for (const line of fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const c = JSON.parse(line), dir = fs.mkdtempSync(path.join(process.argv[2], 'case'))
  for (const name of c.files) {
    const full = path.join(dir, name)
    fs.mkdirSync(name.endsWith('/') ? full : path.dirname(full), { recursive: true })
    if (!name.endsWith('/')) fs.writeFileSync(full, '')
  }
  for (const name in c.rules) {
    fs.mkdirSync(path.join(dir, name), { recursive: true })
    fs.writeFileSync(path.join(dir, name, '.fcignore'), c.rules[name])
  }
  console.log(JSON.stringify(walk.sync({ path: dir, ignoreFiles: ['.fcignore'], includeEmpty: true })))
}`

// TestWhatThePeerPacks lists random trees under random rules and compares with
// what the peer's own walker listed.
func TestWhatThePeerPacks(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "peer-ignore.json")
	var cases []peerCase
	if *update {
		cases = askPeer(t, golden)
	} else if err := json.Unmarshal(read(t, golden), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 100 {
		t.Fatalf("%d cases", len(cases))
	}
	for i, c := range cases {
		if got := kept(t, c); !slices.Equal(c.Kept, got) {
			t.Errorf("case %d, rules %q: %s", i, c.Rules, cmp.Diff(c.Kept, got))
		}
	}
}

// kept lists a case, without its ignore files.
func kept(t *testing.T, c peerCase) []string {
	t.Helper()
	files := map[string]string{}
	for _, name := range c.Files {
		files[name] = ""
	}
	for dir, text := range c.Rules {
		files[filepath.Join(dir, IgnoreFile)] = text
	}
	l, err := List(context.Background(), plant(t, files), ListOptions{NoDefaultIgnore: true})
	if err != nil {
		t.Fatal(err)
	}
	out := slices.DeleteFunc(paths(l), func(p string) bool { return filepath.Base(p) == IgnoreFile })
	slices.Sort(out)
	return out
}

func askPeer(t *testing.T, golden string) []peerCase {
	t.Helper()
	modules := os.Getenv("S_PEER_MODULES")
	if modules == "" {
		t.Fatal("-update needs S_PEER_MODULES")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	cases := make([]peerCase, 400)
	var in bytes.Buffer
	for i := range cases {
		cases[i] = randomCase(rnd)
		line, err := json.Marshal(cases[i])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&in, "%s\n", line)
	}
	cmd := exec.Command("node", "-e", peerScript, modules, t.TempDir())
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if err := json.Unmarshal([]byte(line), &cases[i].Kept); err != nil {
			t.Fatal(err)
		}
		cases[i].Kept = slices.DeleteFunc(cases[i].Kept, func(p string) bool { return filepath.Base(p) == IgnoreFile })
		slices.Sort(cases[i].Kept)
	}
	var text bytes.Buffer
	text.WriteString("[\n")
	for i, c := range cases {
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(line)
		text.WriteString(map[bool]string{true: ",\n", false: "\n]\n"}[i < len(cases)-1])
	}
	if err := os.WriteFile(golden, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return cases
}

// randomCase makes a tree over few names, and rules that often fit.
func randomCase(rnd *rand.Rand) peerCase {
	c := peerCase{Rules: map[string]string{}}
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	for _, dir := range []string{"", "a/", "b/", "a/b/", "lib/", "lib/a/"} {
		for _, name := range []string{"x", "Y.py", ".h", "a1.py", "z-2.txt"} {
			if rnd.IntN(3) > 0 {
				c.Files = append(c.Files, dir+name)
			}
		}
	}
	if rnd.IntN(3) == 0 {
		c.Files = append(c.Files, pick("e/", "a/e/", "lib/e/"))
	}
	part := func() string {
		return pick("a", "b", "lib", "x", "*", "*.py", "?", "[ab]", "[!x]*", "{a,b}", "{x,*.py}", "z-{1..3}.txt", "*(a|b)", "@(x|y.py)", "+(l|i|b)", "A", "LIB", ".*", "e", "y.PY", "a?(1).py")
	}
	for dir := range map[string]bool{"": true, pick("a", "lib", "b", ""): true} {
		var text strings.Builder
		for range 1 + rnd.IntN(4) {
			text.WriteString(pick("", "", "", "!", "!", "!!"))
			text.WriteString(pick("", "", "", "/", "./", "**/"))
			text.WriteString(part())
			if rnd.IntN(3) == 0 {
				text.WriteString("/" + pick(part(), part(), "**", "**/"+part()))
			}
			text.WriteString(pick("", "", "", "/") + pick("\n", "\n", "\r\n", "\n# c\n", "\n\n"))
		}
		c.Rules[dir] = text.String()
	}
	return c
}
