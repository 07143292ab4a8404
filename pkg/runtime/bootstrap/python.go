package bootstrap

import "embed"

//go:embed python3/bootstrap.py
var python3Files embed.FS

// python3 runs Python 3.6 and later.
func python3() Bootstrap {
	return Bootstrap{
		Language: "python", Dir: "python3", Files: below(python3Files, "python3"),
		Command: func(s Start) []string { return []string{s.Program, "-W", "ignore", s.in("bootstrap.py")} },
		Early:   []string{"PYTHON"},
	}
}

//go:embed python2/bootstrap.py
var python2Files embed.FS

// python2 runs Python 2.7. Its output isn't buffered, and is UTF-8 although it is
// no terminal's, which would be ASCII otherwise.
func python2() Bootstrap {
	return Bootstrap{
		Language: "python", Dir: "python2.7", Files: below(python2Files, "python2"),
		Command: func(s Start) []string {
			return []string{s.Program, "-u", "-W", "ignore", s.in("bootstrap.py")}
		},
		Env: func(Start) map[string]string { return map[string]string{"PYTHONIOENCODING": "UTF-8"} },
	}
}
