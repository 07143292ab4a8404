package bootstrap

import "embed"

//go:embed python3/bootstrap.py
var python3Files embed.FS

// python3 runs Python 3.6 and later.
func python3() Bootstrap {
	return Bootstrap{
		Language: "python", Dir: "python3", Files: below(python3Files, "python3"),
		Command: func(s Start) []string { return []string{s.Program, "-W", "ignore", s.in("bootstrap.py")} },
	}
}
