// Command quality measures the code of this module against the project's bars
// and fails if one is missed.
//
//	quality [-binary bin/s] [-hold R] [-v] DIR
//
// -hold R holds the test lines per code line, while they are short of their bar,
// to at least R: they are still printed as missed, but only fewer fail.
//
// It counts what ships: no testdata, no generated files, neither hack nor
// bench.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("quality", flag.ContinueOnError)
	flags.SetOutput(errOut)
	binary := flags.String("binary", "", "the built program, to check its size")
	hold := flags.Float64("hold", 0, "fail for missing tests only below this many test lines per code line")
	verbose := flags.Bool("v", false, "list every finding, not the first ten of each bar")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	dir := "."
	if flags.NArg() > 0 {
		dir = flags.Arg(0)
	}
	tree, err := Scan(dir)
	if err != nil {
		fmt.Fprintln(errOut, "quality:", err)
		return 2
	}
	facts, err := readFacts(dir, *binary)
	if err != nil {
		fmt.Fprintln(errOut, "quality:", err)
		return 2
	}
	measures := tree.Measure()
	bars := Check(measures, facts)
	Render(out, bars, *verbose)
	for _, bar := range bars {
		held := bar.Name == testsBar && *hold > 0 && ratio(measures.TestLines, measures.CodeLines) >= *hold
		if !bar.OK && !held {
			return 1
		}
	}
	return 0
}
