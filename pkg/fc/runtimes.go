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
	// Glibc is the version of the C library in the runtime's image, 2.28: what
	// is compiled for a newer one doesn't load there. Empty for containers.
	Glibc string
}

// C libraries of the Debian releases that images are made of.
const (
	glibcDebian9  = "2.24"
	glibcDebian10 = "2.28"
	glibcDebian11 = "2.31"
	glibcDebian12 = "2.36"
)

// Runtimes is the table of runtimes, in the order of the documentation
// (2023-03-30 CreateFunction, field runtime; older rows from FC 2.0; the newer
// Python rows run locally and are refused by the cloud until it has them).
func Runtimes() []Runtime {
	rows := make([]Runtime, 0, 48)
	for _, v := range []string{"2.7", "3", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"} {
		r := Runtime{Name: "python" + v, Language: "python", Version: v, Glibc: managedGlibc("python" + v)}
		if v == "3" {
			r.Version = "3.6"
		}
		rows = append(rows, r)
	}
	for _, v := range []string{"4.4", "6", "8", "10", "12", "14", "16", "18", "20", "22"} {
		rows = append(rows, Runtime{Name: "nodejs" + v, Language: "nodejs", Version: v, Glibc: managedGlibc("nodejs" + v)})
	}
	for _, v := range []string{"8", "11", "17"} {
		rows = append(rows, Runtime{Name: "java" + v, Language: "java", Version: v, Glibc: glibcDebian9})
	}
	for _, v := range []string{"2.1", "3.1"} {
		rows = append(rows, Runtime{Name: "dotnetcore" + v, Language: "dotnet", Version: v, Glibc: glibcDebian9})
	}
	return append(rows,
		Runtime{Name: "php7.2", Language: "php", Version: "7.2", Glibc: glibcDebian9},
		Runtime{Name: "go1", Language: "go", Version: "1", Glibc: glibcDebian9},
		Runtime{Name: "custom", Custom: true, Interpreter: "3.7", Glibc: glibcDebian9},
		Runtime{Name: "custom.debian10", Custom: true, Interpreter: "3.10", Glibc: glibcDebian10},
		Runtime{Name: "custom.debian11", Custom: true, Interpreter: "3.10", Glibc: glibcDebian11},
		Runtime{Name: "custom.debian12", Custom: true, Interpreter: "3.12", Glibc: glibcDebian12},
		Runtime{Name: "custom-container", Custom: true, Container: true},
		Runtime{Name: "micro-sandbox", Custom: true, Container: true},
	)
}

// managedGlibc is the C library of a managed runtime (documentation "Runtime
// overview": python3.12 runs on Debian 11; python3.10, nodejs18 and nodejs20 on
// Debian 10; the older ones on Debian 9). What it doesn't tell is taken to be
// the older of two.
func managedGlibc(name string) string {
	switch name {
	case "python3.12", "python3.13":
		return glibcDebian11
	case "python3.10", "python3.11", "nodejs18", "nodejs20", "nodejs22":
		return glibcDebian10
	}
	return glibcDebian9
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
