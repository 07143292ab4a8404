package root

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s/pkg/iostreams"
)

//go:embed peer.txt
var peerTable string

// What a command or flag of the peer is here, beside names of our own.
const (
	peerSame = "="
	peerNone = "none"
	peerNo   = "no"
)

// peerRow is a row of peer.txt.
type peerRow struct {
	of      string // s, fc3 or fc
	command string // without its flags; * are all
	flags   []peerFlag
	here    string
	note    string
}

// peerFlag is a flag with all its names.
type peerFlag struct {
	names []string // long ones, without dashes
	short string   // a letter, or empty
	value bool     // it takes one, though it has no effect
}

func peerRows() []peerRow {
	var rows []peerRow
	for line := range strings.Lines(peerTable) {
		fields := strings.Split(line, "|")
		if len(fields) < 4 || strings.HasPrefix(line, "#") {
			continue
		}
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		row := peerRow{of: fields[0], command: fields[1], here: fields[3]}
		if len(fields) > 4 {
			row.note = fields[4]
		}
		for word := range strings.FieldsSeq(fields[2]) {
			row.flags = append(row.flags, readPeerFlag(word))
		}
		rows = append(rows, row)
	}
	return rows
}

func readPeerFlag(word string) peerFlag {
	name, value := strings.CutSuffix(word, "=")
	flag := peerFlag{value: value}
	for name := range strings.SplitSeq(name, "/") {
		if long, ok := strings.CutPrefix(name, "--"); ok {
			flag.names = append(flag.names, long)
		} else {
			flag.short = strings.TrimPrefix(name, "-")
		}
	}
	return flag
}

// attachPeer gives commands the flags of the peer that they have under other names, and
// those that have no effect here. They are hidden.
func attachPeer(root *cobra.Command) {
	for _, row := range peerRows() {
		alias := strings.HasPrefix(row.here, "--")
		if len(row.flags) == 0 || !alias && row.here != peerNone {
			continue
		}
		flags := root.PersistentFlags()
		if row.command != "*" {
			cmd, _, err := root.Find(strings.Fields(row.command))
			if err != nil {
				panic(err) // TestPeer looks at every row
			}
			flags = cmd.Flags()
		}
		for _, flag := range row.flags {
			flag.attach(flags, strings.TrimPrefix(row.here, "--"), alias)
		}
	}
}

func (f peerFlag) attach(flags *pflag.FlagSet, target string, alias bool) {
	for i, name := range f.names {
		if flags.Lookup(name) != nil {
			continue // of both editions
		}
		var value pflag.Value = &ignored{value: f.value}
		without := "true"
		if f.value {
			without = ""
		}
		if alias {
			to := flags.Lookup(target)
			value, without = &otherName{flags: flags, to: to}, to.NoOptDefVal
		}
		short := f.short
		if i > 0 {
			short = ""
		}
		flags.AddFlag(&pflag.Flag{Name: name, Shorthand: short, Usage: "a flag of Serverless Devs", Value: value, NoOptDefVal: without, Hidden: true})
	}
}

// otherName is a flag that is another one under another name.
type otherName struct {
	flags *pflag.FlagSet
	to    *pflag.Flag
}

// Set sets the other one.
func (o *otherName) Set(text string) error { return o.flags.Set(o.to.Name, text) }

// String is its value.
func (o *otherName) String() string {
	if o.to == nil {
		return ""
	}
	return o.to.Value.String()
}

// Type is that of the other one.
func (o *otherName) Type() string { return o.to.Value.Type() }

// ignored is a flag that has no effect.
type ignored struct{ value bool }

// Set takes anything.
func (*ignored) Set(string) error { return nil }

// String is nothing.
func (*ignored) String() string { return "" }

// Type is one that takes a value or not.
func (i *ignored) Type() string {
	if i != nil && i.value {
		return "string"
	}
	return "bool"
}

// tellIgnored says of flags without effect that were given why they have none.
func tellIgnored(io *iostreams.IOStreams, cmd *cobra.Command) {
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if _, ok := flag.Value.(*ignored); !ok {
			return
		}
		_, note := peerFlagNote(cmd, flag.Name, "")
		io.Errf("--%s has no effect: %s", flag.Name, io.Text(note))
	})
}

// peerFlagNote is what peer.txt says of a flag of a command of ours, by its name or
// letter.
func peerFlagNote(cmd *cobra.Command, name, letter string) (here, note string) {
	path := commandPath(cmd)
	for _, row := range peerRows() {
		if row.command != path && row.command != "*" {
			continue
		}
		if slices.ContainsFunc(row.flags, func(f peerFlag) bool {
			return name != "" && slices.Contains(f.names, name) || letter != "" && f.short == letter
		}) {
			return row.here, row.note
		}
	}
	return "", ""
}

// commandPath is a command as it is typed behind s.
func commandPath(cmd *cobra.Command) string {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	return path
}

// peerCommandNote is what peer.txt says to do in place of a command that there isn't;
// words begin with it, or are the name of its group. Empty is nothing.
func peerCommandNote(words []string) string {
	group := ""
	for _, row := range peerRows() {
		names := strings.Fields(row.command)
		if len(row.flags) > 0 || row.here == peerSame || len(words) == 0 || names[0] != words[0] {
			continue
		}
		note := row.note
		if note == "" {
			note = row.here
		}
		if len(names) <= len(words) && slices.Equal(names, words[:len(names)]) {
			return note
		}
		if group == "" && (len(words) == 1 || strings.HasPrefix(words[1], "-")) {
			group = note
		}
	}
	return group
}
