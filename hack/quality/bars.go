package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The bars. They are set at, or a little better than, what the best programs of
// this kind reach.
const (
	maxFunctionP95 = 50
	maxFunction    = 100
	maxFileP95     = 350
	maxFile        = 500
	minExportedDoc = 90 // per cent
	maxDirectDeps  = 25
	maxBinary      = 40e6 // bytes
	shownFindings  = 10

	testsBar = "test lines per code line"
)

// Facts are what is known without reading the code.
type Facts struct {
	DirectDeps []string
	BinarySize int64 // 0 if no binary was given
}

// Bar is one measured figure with its limit.
type Bar struct {
	Name     string
	Value    string
	Limit    string
	OK       bool
	Findings []string // what to look at when it is missed
}

// readFacts reads go.mod and the size of the binary.
func readFacts(dir, binary string) (*Facts, error) {
	cmd := exec.Command("go", "mod", "edit", "-json", filepath.Join(dir, "go.mod"))
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go mod edit: %w", err)
	}
	facts := &Facts{}
	if facts.DirectDeps, err = directDeps(out); err != nil {
		return nil, err
	}
	if binary != "" {
		info, err := os.Stat(binary)
		if err != nil {
			return nil, err
		}
		facts.BinarySize = info.Size()
	}
	return facts, nil
}

// directDeps reads the output of go mod edit -json.
func directDeps(document []byte) ([]string, error) {
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(document, &mod); err != nil {
		return nil, fmt.Errorf("go.mod: %w", err)
	}
	var direct []string
	for _, r := range mod.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	return direct, nil
}

// Check compares with the bars.
func Check(m *Measures, facts *Facts) []Bar {
	bars := append(sizes("function", m.Functions, maxFunctionP95, maxFunction),
		sizes("file", m.Files, maxFileP95, maxFile)...)
	percent := 100.0
	if m.Exported > 0 {
		percent = 100 * float64(m.Exported-len(m.Undocumented)) / float64(m.Exported)
	}
	bars = append(bars,
		Bar{
			Name: "exported names documented", Value: fmt.Sprintf("%.1f %%", percent),
			Limit: fmt.Sprintf(">= %d %%", minExportedDoc), OK: percent >= minExportedDoc, Findings: m.Undocumented,
		},
		Bar{
			Name: "packages documented", Value: fmt.Sprintf("%d of %d", m.Packages-len(m.NoPackageDoc), m.Packages),
			Limit: "all", OK: len(m.NoPackageDoc) == 0, Findings: m.NoPackageDoc,
		},
		none("init functions", m.Inits),
		none("changeable package variables", m.Variables),
		none("fmt.Print*", m.Prints),
		Bar{
			Name: "os.Exit", Value: fmt.Sprint(len(m.Exits)), Limit: "<= 1",
			OK: len(m.Exits) <= 1, Findings: m.Exits,
		},
		Bar{
			Name: testsBar, Value: fmt.Sprintf("%.2f (%d / %d)", ratio(m.TestLines, m.CodeLines), m.TestLines, m.CodeLines),
			Limit: ">= 1", OK: m.TestLines >= m.CodeLines,
		},
		Bar{
			Name: "direct dependencies", Value: fmt.Sprint(len(facts.DirectDeps)), Limit: fmt.Sprintf("<= %d", maxDirectDeps),
			OK: len(facts.DirectDeps) <= maxDirectDeps, Findings: facts.DirectDeps,
		})
	if facts.BinarySize > 0 {
		bars = append(bars, Bar{
			Name: "binary", Value: fmt.Sprintf("%.1f MB", float64(facts.BinarySize)/1e6),
			Limit: fmt.Sprintf("<= %.0f MB", maxBinary/1e6), OK: facts.BinarySize <= maxBinary,
		})
	}
	return bars
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// sizes makes the bars of p95 and maximum.
func sizes(what string, all []Size, p95, most int) []Bar {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Size) int { return a.Lines - b.Lines })
	var over, longest []string
	for _, s := range slices.Backward(all) {
		text := fmt.Sprintf("%4d %s", s.Lines, s.Where)
		if s.Lines > most {
			over = append(over, text)
		}
		if s.Lines > p95 {
			longest = append(longest, text)
		}
	}
	largest := percentile(all, 100)
	return []Bar{
		{
			Name: what + " lines, p50", Value: fmt.Sprintf("%d (of %d)", percentile(all, 50), len(all)),
			Limit: "-", OK: true,
		},
		{
			Name: what + " lines, p95", Value: fmt.Sprint(percentile(all, 95)),
			Limit: fmt.Sprintf("<= %d", p95), OK: percentile(all, 95) <= p95, Findings: longest,
		},
		{
			Name: what + " lines, max", Value: fmt.Sprint(largest),
			Limit: fmt.Sprintf("<= %d", most), OK: largest <= most, Findings: over,
		},
	}
}

// percentile is the smallest size that p per cent of the sorted sizes do not
// exceed (nearest rank).
func percentile(sorted []Size, p int) int {
	if len(sorted) == 0 {
		return 0
	}
	rank := (p*len(sorted) + 99) / 100
	return sorted[max(rank, 1)-1].Lines
}

func none(name string, findings []string) Bar {
	return Bar{Name: name, Value: fmt.Sprint(len(findings)), Limit: "0", OK: len(findings) == 0, Findings: findings}
}

// Render prints a table, and what to look at for every bar that is missed.
func Render(out io.Writer, bars []Bar, verbose bool) {
	width := 0
	for _, bar := range bars {
		width = max(width, len(bar.Name))
	}
	missed := 0
	for _, bar := range bars {
		mark := "ok"
		if !bar.OK {
			mark = "MISSED"
			missed++
		}
		fmt.Fprintf(out, "%-*s  %-24s %-8s %s\n", width, bar.Name, bar.Value, bar.Limit, mark)
	}
	for _, bar := range bars {
		if bar.OK || len(bar.Findings) == 0 {
			continue
		}
		shown := bar.Findings
		if !verbose && len(shown) > shownFindings {
			shown = shown[:shownFindings]
		}
		fmt.Fprintf(out, "\n%s:\n  %s\n", bar.Name, strings.Join(shown, "\n  "))
		if more := len(bar.Findings) - len(shown); more > 0 {
			fmt.Fprintf(out, "  and %d more (-v)\n", more)
		}
	}
	if missed > 0 {
		fmt.Fprintf(out, "\n%d of %d bars missed\n", missed, len(bars))
	}
}
