package toolchain

// kind is what the search must know of a language.
type kind struct {
	language string
	// label is a version as far as it counts.
	label func(version) string
	// exact and standsIn tell whether v is what was wanted, or may take its
	// place; compare orders those that may.
	exact, standsIn func(v, wanted version) bool
	compare         func(a, b version) int

	// names are the file names to look for, the telling ones first.
	names func(wanted version) []string
	// named reads the version off a file's path.
	named func(path string) (version, bool)
	// managers are folders with one folder per installed version, whose name
	// folder reads; bins are where in it the program may be.
	managers func(*Finder) []string
	folder   func(name string) (version, bool)
	bins     []string
	// plugins are what asdf and mise call the language.
	plugins []string
	// system are the places searched last.
	system func() []string

	// ask are the arguments that make an interpreter print its version, its
	// installation's root and its own path, one a line.
	ask []string
	// program is the path to keep for a candidate that said this.
	program func(path, said, prefix string, v version) string
}

// pythonKind is Python: 3.10 is 3.10.x, and 3.12 may take its place.
func pythonKind() kind {
	return kind{
		language: Python,
		label:    version.minorString,
		exact:    version.sameMinor,
		standsIn: version.standsIn,
		compare:  func(a, b version) int { return a.minor - b.minor },
		names:    pythonNames,
		named:    versionOfName,
		managers: pythonManagers,
		folder:   pythonFolder,
		bins:     pythonBins(),
		plugins:  []string{Python},
		system:   pythonPlaces,
		// -E -s -S: neither the user's environment nor his packages have a say,
		// and the start is several times quicker without site.
		ask:     []string{"-E", "-s", "-S", "-c", pythonFacts},
		program: baseProgram,
	}
}
