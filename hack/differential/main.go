// Differential runs `s preview` of Serverless Devs and ours over the files of
// cases and compares the resolved trees. See README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "differential:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	ours   string   // our program
	peer   string   // the peer's; empty takes what is recorded
	record bool     // write what the peer gave beside each case
	dir    string   // of this program in the source
	known  string   // the list of known differences
	names  []string // of cases; empty is all
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("differential", flag.ContinueOnError)
	flags.StringVar(&o.ours, "s", "bin/s", "our program")
	flags.StringVar(&o.peer, "peer", "", "the peer's program; without it, what was recorded is compared with")
	flags.BoolVar(&o.record, "record", false, "record what the peer gives")
	flags.StringVar(&o.dir, "dir", "hack/differential", "the folder with cases")
	flags.StringVar(&o.known, "known", "docs/compatibility.md", "the list of known differences")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o.names = flags.Args()
	var err error
	if o.ours, err = filepath.Abs(o.ours); err != nil {
		return err
	}
	cases, err := readCases(filepath.Join(o.dir, "cases"))
	if err != nil {
		return err
	}
	list, err := readKnown(o.known)
	if err != nil {
		return err
	}
	return compareAll(ctx, o, cases, list, out)
}

// compareAll runs the cases, prints what differs, and fails on differences that
// aren't known and on known ones that are gone.
func compareAll(ctx context.Context, o options, cases []*testCase, list known, out io.Writer) error {
	var wrong []string
	same, different := 0, 0
	for _, c := range cases {
		if len(o.names) > 0 && !slices.Contains(o.names, c.name) {
			continue
		}
		peer, err := c.peerResult(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		ours, err := c.run(ctx, program{path: o.ours})
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		found := differences(peer, ours)
		if len(found) == 0 {
			same++
		} else {
			different++
		}
		for _, d := range found {
			fmt.Fprintf(out, "%s\n", d.line(c.name))
		}
		wrong = append(wrong, list.judge(c.name, found)...)
	}
	if len(o.names) == 0 {
		wrong = append(wrong, list.unused(cases)...)
	}
	fmt.Fprintf(out, "%d cases give the same, %d differ\n", same, different)
	if len(wrong) > 0 {
		return fmt.Errorf("%s is wrong:\n%s", o.known, strings.Join(wrong, "\n"))
	}
	return nil
}
