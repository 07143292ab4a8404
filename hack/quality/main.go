// Command quality measures the code of this module against the project's bars
// and fails if one is missed.
//
//	quality [-binary bin/s] [-v] DIR
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
	bars := Check(tree.Measure(), facts)
	Render(out, bars, *verbose)
	for _, bar := range bars {
		if !bar.OK {
			return 1
		}
	}
	return 0
}
