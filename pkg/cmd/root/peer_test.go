package root

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
)

var update = flag.Bool("update", false, "write docs/serverless-devs.md")

// freshTree is the command tree, and the command of a row in it.
func freshTree(t *testing.T, path string) (root, cmd *cobra.Command) {
	t.Helper()
	io, _, _, _ := iostreams.Test()
	root = newCommand(newFactory(io, "test"))
	if path == "*" {
		path = ""
	}
	cmd, _, err := root.Find(strings.Fields(path))
	if err != nil || commandPath(cmd) != path {
		t.Errorf("there is no command s %s: %v", path, err)
		return root, nil
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(nil); err != nil { // adds those of the commands above
		t.Fatal(err)
	}
	return root, cmd
}

// TestPeer holds every command and flag of the peer against ours: what is said of it
// in peer.txt is so.
func TestPeer(t *testing.T) {
	emptyMachine(t)
	seen := map[string]string{}
	for _, row := range peerRows() {
		name := strings.TrimSpace(row.of + " " + row.command)
		for _, f := range append([]peerFlag{{}}, row.flags...) {
			what := name
			if len(f.names) > 0 {
				what += " --" + f.names[0]
			} else if len(row.flags) > 0 {
				continue
			}
			if before, twice := seen[what]; twice {
				t.Errorf("%s stands twice: %s, %s", what, before, row.here)
			}
			seen[what] = row.here
			t.Run(what, func(t *testing.T) { holdRow(t, row, f) })
		}
	}
	if len(seen) < 300 {
		t.Errorf("only %d commands and flags: is the table still read?", len(seen))
	}
}

func holdRow(t *testing.T, row peerRow, f peerFlag) {
	t.Helper()
	switch {
	case row.here == peerSame:
		if _, cmd := freshTree(t, row.command); cmd != nil {
			holdSame(t, cmd, f)
		}
	case strings.HasPrefix(row.here, "--"):
		holdOtherName(t, row, f)
	case row.here == peerNone, row.here == peerNo:
		if row.note == "" {
			t.Fatal("it doesn't say why")
		}
		holdNote(t, row, f)
	case strings.HasPrefix(row.here, "s "):
		holdInstead(t, row)
	default:
		t.Errorf("%q is nothing that the table may say", row.here)
	}
}

// holdSame: the flag is there, by all its names.
func holdSame(t *testing.T, cmd *cobra.Command, f peerFlag) {
	t.Helper()
	for _, name := range f.names {
		if cmd.Flags().Lookup(name) == nil {
			t.Errorf("s %s has no --%s", commandPath(cmd), name)
		}
	}
	if f.short == "" {
		return
	}
	if short := cmd.Flags().ShorthandLookup(f.short); short == nil || short.Name != f.names[0] {
		t.Errorf("s %s: -%s is not --%s", commandPath(cmd), f.short, f.names[0])
	}
}

// holdOtherName: to set one sets the other.
func holdOtherName(t *testing.T, row peerRow, f peerFlag) {
	t.Helper()
	for _, name := range f.names {
		_, cmd := freshTree(t, row.command)
		if cmd == nil {
			return
		}
		own := cmd.Flags().Lookup(strings.TrimPrefix(row.here, "--"))
		if own == nil {
			t.Fatalf("s %s has no %s", row.command, row.here)
		}
		args := map[string][]string{"bool": {"--" + name}, "int": {"--" + name, "7"}}[own.Value.Type()]
		if args == nil {
			args = []string{"--" + name + "=code"}
		}
		if err := cmd.ParseFlags(args); err != nil || !own.Changed || own.Value.String() == own.DefValue {
			t.Errorf("%v: %v, %s is %q", args, err, row.here, own.Value)
		}
		if f.short != "" {
			if short := cmd.Flags().ShorthandLookup(f.short); short == nil || short.Name != f.names[0] {
				t.Errorf("-%s is not --%s", f.short, f.names[0])
			}
		}
	}
}

// holdNote: whoever gives it is told what the table says; and what isn't there is wrong
// usage.
func holdNote(t *testing.T, row peerRow, f peerFlag) {
	t.Helper()
	args := strings.Fields(row.command)
	if len(args) > 0 && args[0] == "*" {
		args = []string{"version"}
	}
	if row.command == "deploy service" || row.command == "deploy domain" || row.command == "remove domain" || row.command == "model remove" {
		return // a resource may be called so: without one there is an error that names those there are
	}
	lines := [][]string{args}
	if len(f.names) > 0 {
		lines = nil
	}
	for _, name := range f.names {
		lines = append(lines, append(slices.Clip(args), "--"+name+"=1"))
	}
	if f.short != "" {
		lines = append(lines, append(slices.Clip(args), "-"+f.short, "1"))
	}
	for _, line := range lines {
		code, stderr := parse(t, line)
		if !strings.Contains(stderr.String(), row.note) {
			t.Errorf("s %s doesn't say %q:\n%s", strings.Join(line, " "), row.note, stderr)
		}
		if row.here == peerNo && code != cmdutil.ExitUsage {
			t.Errorf("s %s: exit code %d", strings.Join(line, " "), code)
		}
	}
}

// parse takes a command line as Main does, up to where the command would run.
func parse(t *testing.T, line []string) (int, *bytes.Buffer) {
	t.Helper()
	io, _, _, stderr := iostreams.Test()
	f := newFactory(io, "test")
	cmd := newCommand(f)
	var stop func(cmd *cobra.Command)
	stop = func(cmd *cobra.Command) {
		cmd.RunE = func(*cobra.Command, []string) error { return nil }
		for _, c := range cmd.Commands() {
			stop(c)
		}
	}
	stop(cmd)
	return report(io, runTree(t.Context(), cmd, line), false), stderr
}

// holdInstead: what is said to do it is a command line of ours.
func holdInstead(t *testing.T, row peerRow) {
	t.Helper()
	var path []string
	words := strings.Fields(row.here)[1:]
	for _, word := range words {
		if !strings.HasPrefix(word, "-") {
			path = append(path, word)
		}
	}
	_, cmd := freshTree(t, strings.Join(path, " "))
	if cmd == nil {
		return
	}
	if err := cmd.ParseFlags(words[len(path):]); err != nil {
		t.Errorf("%s: %v", row.here, err)
	}
}

// TestHiddenFlagsStayHidden: what the peer calls otherwise isn't offered.
func TestHiddenFlagsStayHidden(t *testing.T) {
	every(t, func(t *testing.T, name string, cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			_, ignored := f.Value.(*ignored)
			_, other := f.Value.(*otherName)
			if (ignored || other) && !f.Hidden {
				t.Errorf("%s --%s", name, f.Name)
			}
		})
	})
}

// TestPeerDocument writes down what isn't the same, for people who come from there.
func TestPeerDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString(peerDocumentHead)
	for _, whose := range []string{"s", "fc3", "fc"} {
		fmt.Fprintf(&b, "\n## %s\n\n| there | here | |\n|---|---|---|\n", peerTitles[whose])
		for _, row := range peerRows() {
			if row.of != whose || row.here == peerSame {
				continue
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", peerThere(row), peerHere(row.here), strings.ReplaceAll(row.note, "|", "\\|"))
		}
	}
	path := filepath.Join("..", "..", "..", "docs", "serverless-devs.md")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil || string(have) != b.String() {
		t.Errorf("%s isn't what peer.txt says: go test ./pkg/cmd/root -run TestPeerDocument -update (%v)", path, err)
	}
}

const peerDocumentHead = `# Coming from Serverless Devs

Commands and flags of Serverless Devs (3.1.11, with the components fc3 0.1.22 and fc) are the same here, but for these. Flags with "no effect" are
accepted, so that scripts go on; s says why they have none. What isn't there is an error that says what to do instead. The table is made from
` + "`pkg/cmd/root/peer.txt`, which has all commands and flags, and which a test holds against the program." + `

Exit codes say what happened: 0 done, 1 failed, 2 wrong usage, 3 wrong s.yaml, 4 no credentials, 5 the cloud refused, 6 the function failed, 130 interrupted.
`

var peerTitles = map[string]string{"s": "The program", "fc3": "Edition 3.0.0 (fc3)", "fc": "Edition 1.0.0 (fc)"}

func peerThere(row peerRow) string {
	line := "s " + row.command
	if row.command == "*" {
		line = "s"
	}
	for _, f := range row.flags {
		names := make([]string, 0, 2)
		for _, name := range f.names {
			names = append(names, "--"+name)
		}
		if f.short != "" {
			names = append(names, "-"+f.short)
		}
		line += " " + strings.Join(names, "/")
	}
	return "`" + line + "`"
}

func peerHere(here string) string {
	switch here {
	case peerNone:
		return "no effect"
	case peerNo:
		return "not there"
	}
	return "`" + here + "`"
}
