package toolchain

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// PHP is the language name of PHP's command line interpreters.
const PHP = "php"

// oldestPHP is the PHP of Function Compute's runtime.
const oldestPHP = "7.2"

// phpFacts prints version, installation root and program; every PHP since 5.4
// runs it.
const phpFacts = `echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION, ".", PHP_RELEASE_VERSION, "\n",
dirname(dirname(PHP_BINARY)), "\n", PHP_BINARY, "\n";`

// FindPHP looks for a PHP of that version (7.2; a patch level is ignored): the
// exact minor version first, else the nearest newer one, of a newer major version,
// too, with Exact false. An empty version means 7.2. It returns a *NotFoundError if
// none fits, or the context's error.
func (f *Finder) FindPHP(ctx context.Context, version string) (Interpreter, error) {
	if version == "" {
		version = oldestPHP
	}
	wanted, ok := parseVersion(version)
	if !ok || wanted.minor < 0 {
		return Interpreter{}, fmt.Errorf("not a version of PHP: %q", version)
	}
	return f.find(ctx, phpKind(), wanted)
}

// phpKind is PHP: 7.2 is 7.2.x, and 8.2 may take its place.
func phpKind() kind {
	byMinor := func(a, b version) int { return (a.major-b.major)*100 + a.minor - b.minor }
	return kind{
		language: PHP,
		label:    version.minorString,
		exact:    version.sameMinor,
		standsIn: func(v, wanted version) bool { return byMinor(v, wanted) >= 0 },
		compare:  byMinor,
		names:    phpNames,
		named:    phpVersionOfName,
		managers: phpManagers,
		folder:   phpFolder,
		bins:     []string{"bin"},
		plugins:  []string{PHP},
		system:   phpPlaces,
		// -n: the settings of the machine have no say, and need no reading.
		ask: []string{"-n", "-r", phpFacts},
		program: func(path, said, _ string, _ version) string {
			if real, err := filepath.EvalSymlinks(said); err == nil && filepath.IsAbs(real) {
				return real
			}
			return path
		},
	}
}

// phpNames are the file names of interpreters that may do, the telling ones
// first: Debian's php8.2, Remi's php82 and the plain one.
func phpNames(wanted version) []string {
	var names []string
	for major := wanted.major; major <= 9; major++ {
		for minor := range 10 {
			if major > wanted.major || minor >= wanted.minor {
				names = append(names, fmt.Sprintf("php%d.%d", major, minor), fmt.Sprintf("php%d%d", major, minor))
			}
		}
	}
	names = append(names, PHP)
	if runtime.GOOS == "windows" {
		for i := range names {
			names[i] += ".exe"
		}
	}
	return names
}

// phpVersionOfName reads the version off php8.2; of php82 the program tells.
func phpVersionOfName(path string) (version, bool) {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(filepath.Base(path), ".exe"), PHP)
	if !ok {
		return version{}, false
	}
	v, ok := parseVersion(rest)
	return v, ok && v.minor >= 0
}

func phpFolder(name string) (version, bool) {
	v, ok := parseVersion(strings.TrimPrefix(name, "php-"))
	return v, ok && v.minor >= 0
}

// phpManagers are the folders of phpenv, phpbrew, asdf and mise.
func phpManagers(f *Finder) []string {
	var r roots
	r.add(f.env("PHPENV_ROOT"), "versions")
	r.add(f.home(".phpenv"), "versions")
	r.add(f.env("PHPBREW_ROOT"), "php")
	r.add(f.home(".phpbrew"), "php")
	r.add(f.env("ASDF_DATA_DIR"), "installs", PHP)
	r.add(f.home(".asdf"), "installs", PHP)
	r.add(f.env("MISE_DATA_DIR"), "installs", PHP)
	r.add(f.data(), "mise", "installs", PHP)
	return r
}

// phpPlaces are searched last.
func phpPlaces() []string {
	places := []string{"/usr/bin", "/usr/local/bin", "/opt/php*/bin", "/opt/remi/php*/root/usr/bin", "/var/fc/lang/php*/bin"}
	if runtime.GOOS == "darwin" {
		places = append(places, "/opt/homebrew/bin", "/opt/homebrew/opt/php@*/bin", "/usr/local/opt/php@*/bin")
	}
	return places
}
