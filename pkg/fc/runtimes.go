package fc

import (
	"path"
	"strings"
)

// Runtime is one row of the runtimes table.
type Runtime struct {
	Name     string // as in s.yaml and the API: python3.10, custom, go1, ...
	Language string // python, nodejs, java, go, php, dotnet; empty for custom ones
	Version  string // of the language: 3.10; empty if the runtime names none
	Custom   bool   // an HTTP server started by the user's own command
	// Container is set where the code is an image.
	Container bool
	// Interpreter is the language version that a custom runtime's image offers
	// on its PATH as python3 (documentation of custom runtimes).
	Interpreter string
}

// Runtimes is the table of runtimes, in the order of the documentation
// (2023-03-30 CreateFunction, field runtime; older rows from FC 2.0; the newer
// Python rows run locally and are refused by the cloud until it has them).
func Runtimes() []Runtime {
	rows := make([]Runtime, 0, 48)
	for _, v := range []string{"2.7", "3", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"} {
		r := Runtime{Name: "python" + v, Language: "python", Version: v}
		if v == "3" {
			r.Version = "3.6"
		}
		rows = append(rows, r)
	}
	for _, v := range []string{"4.4", "6", "8", "10", "12", "14", "16", "18", "20", "22"} {
		rows = append(rows, Runtime{Name: "nodejs" + v, Language: "nodejs", Version: v})
	}
	for _, v := range []string{"8", "11", "17"} {
		rows = append(rows, Runtime{Name: "java" + v, Language: "java", Version: v})
	}
	for _, v := range []string{"2.1", "3.1"} {
		rows = append(rows, Runtime{Name: "dotnetcore" + v, Language: "dotnet", Version: v})
	}
	return append(rows,
		Runtime{Name: "php7.2", Language: "php", Version: "7.2"},
		Runtime{Name: "go1", Language: "go", Version: "1"},
		Runtime{Name: "custom", Custom: true, Interpreter: "3.7"},
		Runtime{Name: "custom.debian10", Custom: true, Interpreter: "3.10"},
		Runtime{Name: "custom.debian11", Custom: true, Interpreter: "3.10"},
		Runtime{Name: "custom.debian12", Custom: true, Interpreter: "3.12"},
		Runtime{Name: "custom-container", Custom: true, Container: true},
		Runtime{Name: "micro-sandbox", Custom: true, Container: true},
	)
}

// LookupRuntime finds a runtime by name.
func LookupRuntime(name string) (Runtime, bool) {
	for _, r := range Runtimes() {
		if r.Name == name {
			return r, true
		}
	}
	return Runtime{}, false
}

// IsCustom reports whether the runtime's code is an HTTP server of the user's.
func IsCustom(runtime string) bool {
	return strings.HasPrefix(runtime, "custom") || runtime == "micro-sandbox"
}

// RunsJar reports whether a command starts Java with a jar by its file name:
// `java -jar app.jar`, in a shell's line, too.
func RunsJar(command []string) bool {
	java := false
	for word := range strings.FieldsSeq(strings.Join(command, " ")) {
		word = strings.Trim(word, `"'`)
		java = java || path.Base(word) == "java"
		if java && word == "-jar" {
			return true
		}
	}
	return false
}
