package lists

// listCase is a folder with one list to read for Python 3.10.
type listCase struct {
	name  string
	read  string
	files map[string]string
	want  string // as text shows it
	err   string // with the help after an arrow
}

func one(name, read, content, want, err string) listCase {
	return listCase{name: name, read: read, files: map[string]string{read: content}, want: want, err: err}
}

const (
	hash   = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	commit = "0123456789012345678901234567890123456789"
)

// lists are the cases, and the seeds of the fuzzers.
func lists() []listCase {
	all := append(uvCases(), poetryCases()...)
	all = append(all, pipfileCases()...)
	all = append(all, pdmCases()...)
	return append(all, projectCases()...)
}

func uvCases() []listCase {
	head := "version = 1\nrequires-python = \">=3.9\"\n[[package]]\nname = \"app\"\nsource = { virtual = \".\" }\n"
	return []listCase{
		one("uv: forks by Python", UV, head+`dependencies = [
 { name = "n", version = "1.0", source = { registry = "https://i.example.com/simple" }, marker = "python_full_version < '3.11'" },
 { name = "n", version = "2.0", source = { registry = "https://i.example.com/simple" }, marker = "python_full_version >= '3.11'" }]
[[package]]
name = "n"
version = "1.0"
source = { registry = "https://i.example.com/simple/" }
sdist = { url = "https://i.example.com/n.tar.gz", hash = "`+hash+`" }
[[package]]
name = "n"
version = "2.0"
source = { registry = "https://i.example.com/simple" }
`, "n 1.0, 1 hashes\nfrom https://i.example.com/simple\n", ""),
		one("uv: forks without versions", UV, head+`dependencies = [{ name = "n" }]
[[package]]
name = "n"
version = "1.0"
resolution-markers = ["python_full_version < '3.10'", "sys_platform == 'win32'"]
[[package]]
name = "n"
version = "2.0"
resolution-markers = ["python_full_version >= '3.10'"]
`, "n 2.0, 0 hashes\n", ""),
		one("uv: all sources", UV, head+`dependencies = [{ name = "g" }, { name = "u" }, { name = "w" }, { name = "d" }, { name = "e" }, { name = "v" }, { name = "f" }]
[[package]]
name = "g"
version = "1.0"
source = { git = "https://e.example.com/g.git?subdirectory=sub&rev=main#`+commit+`" }
[[package]]
name = "u"
version = "1.0"
source = { url = "https://e.example.com/u.tar.gz", subdirectory = "x" }
sdist = { hash = "`+hash+`" }
[[package]]
name = "w"
version = "1.0"
source = { path = "wheels/w.whl" }
wheels = [{ filename = "w.whl", hash = "`+hash+`" }]
[[package]]
name = "d"
version = "1.0"
source = { directory = "../d" }
[[package]]
name = "e"
source = { editable = "libs/e" }
dependencies = [{ name = "app" }]
[[package]]
name = "v"
source = { virtual = "libs/v" }
dependencies = [{ name = "deep" }]
[[package]]
name = "deep"
version = "3"
source = { registry = "flat" }
[[package]]
name = "f"
version = "1"
source = { registry = "flat" }
`, "d ../d, 0 hashes\ndeep 3, 0 hashes\ne libs/e, 0 hashes\nf 1, 0 hashes\n"+
			"g git+https://e.example.com/g.git@"+commit+"#subdirectory=sub, 0 hashes\n"+
			"u https://e.example.com/u.tar.gz#subdirectory=x, 1 hashes\nw wheels/w.whl, 1 hashes\nfrom flat\n", ""),
		one("uv: extras", UV, head+`dependencies = [{ name = "u", extra = ["Fast_X"] }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "u"
version = "1"
dependencies = [{ name = "h" }]
[package.optional-dependencies]
fast-x = [{ name = "loop" }, { name = "win", marker = "sys_platform == 'win32'" }]
slow = [{ name = "no" }]
[[package]]
name = "h"
version = "1"
[[package]]
name = "loop"
version = "1"
[[package]]
name = "win"
version = "1"
[[package]]
name = "no"
version = "1"
[[package]]
name = "pytest"
version = "1"
`, "h 1, 0 hashes\nloop 1, 0 hashes\nu 1, 0 hashes\n", ""),
		one("uv: no project", UV, "version = 1\n", "", "uv.lock: none of its packages is the project in this folder → uv lock, in the folder of the code"),
		one("uv: format", UV, "version = 9\n", "", "uv.lock: its format isn't version 1, the only one known → uv export --no-dev -o requirements.txt"),
		one("uv: another Python", UV, "version = 1\nrequires-python = \">=3.11\"\n", "",
			"uv.lock: it is for Python >=3.11, and the function runs Python 3.10 → choose another runtime in s.yaml, or allow Python 3.10 and run: uv lock"),
		one("uv: missing package", UV, head+"dependencies = [{ name = \"gone\" }]\n", "",
			"uv.lock: gone: no package of that name is in the list: the list is older than what it is made from → uv lock"),
		one("uv: marker", UV, head+"dependencies = [{ name = \"app\", marker = \"x\" }]\n", "", "uv.lock: not a marker: \"x\" → uv lock"),
		one("uv: fork marker", UV, head+"resolution-markers = [\"x\"]\n", "", "uv.lock: app: not a marker: \"x\" → uv lock"),
		one("uv: damaged", UV, "x", "", "uv.lock: toml: expected '=' after key → uv lock"),
		one("uv: an option for a name", UV, head+"dependencies = [{ name = \"-r x\" }]\n[[package]]\nname = \"-r x\"\nversion = \"1\"\n", "",
			"uv.lock: -r x: not the name of a package → uv lock"),
		one("uv: an option for a version", UV, head+"dependencies = [{ name = \"x\" }]\n[[package]]\nname = \"x\"\nversion = \"1\\n-r y\"\n", "",
			"uv.lock: x: not a version: \"1\\n-r y\" → uv lock"),
		one("uv: an option in a URL", UV, head+"dependencies = [{ name = \"x\" }]\n[[package]]\nname = \"x\"\nsource = { url = \"https://x --index-url y\" }\n", "",
			"uv.lock: x: not a URL to install from: \"https://x --index-url y\" → uv lock"),
		one("uv: an option in a path", UV, head+"dependencies = [{ name = \"x\" }]\n[[package]]\nname = \"x\"\nsource = { path = \"x\\n-r y\" }\n", "",
			"uv.lock: x: not a path: \"x\\n-r y\" → uv lock"),
	}
}

func poetryCases() []listCase {
	lock := `[[package]]
name = "a"
version = "1.0"
optional = false
python-versions = ">=3.8"
files = [{ file = "a.whl", hash = "` + hash + `" }, { file = "a.tar.gz", hash = "md5:00" }]
[package.dependencies]
b = [{ version = ">=1,<2", markers = "python_version < \"3.9\"" }, { version = ">=2", markers = "python_version >= \"3.9\"" }]
loop = { version = "*", optional = true, markers = "extra == \"fast\"" }
win = { version = "*", platform = "win32" }
[package.extras]
fast = ["loop (>=1)", "poetry ^ spelling"]
[[package]]
name = "b"
version = "1.5"
python-versions = ">=3.6"
[[package]]
name = "b"
version = "2.5"
python-versions = ">=3.9"
[[package]]
name = "loop"
version = "4"
python-versions = "*"
[[package]]
name = "dev"
version = "5"
python-versions = "*"
[metadata]
lock-version = "2.0"
python-versions = "^3.8"
`
	project := func(dependencies string) string {
		return "[tool.poetry.dependencies]\npython = \"^3.8\"\n" + dependencies + "\n[tool.poetry.group.dev.dependencies]\ndev = \"*\"\n"
	}
	two := func(name, dependencies, want, err string) listCase {
		return listCase{name: name, read: Poetry, files: map[string]string{Poetry: lock, PyProject: project(dependencies)}, want: want, err: err}
	}
	return []listCase{
		two("poetry: one of two versions", `a = "^1"`, "a 1.0, 1 hashes\nb 2.5, 0 hashes\n", ""),
		two("poetry: extras", `a = { version = "^1", extras = ["fast"] }`, "a 1.0, 1 hashes\nb 2.5, 0 hashes\nloop 4, 0 hashes\n", ""),
		two("poetry: for other Pythons", "a = { version = \"*\", python = \"<3.9\" }\nb = [{ version = \"^1\", python = \"~3.10\" }, { version = \"^2\", python = \"^3.11\" }]",
			"b 1.5, 0 hashes\n", ""),
		two("poetry: optional", "a = { version = \"*\", optional = true }", "", ""),
		two("poetry: not one", `b = "*"`, "", "poetry.lock: b: it isn't clear which of 1.5, 2.5 is meant for Python 3.10 → poetry lock"),
		two("poetry: older than pyproject", `a = "^2"`, "", "poetry.lock: a: it isn't clear which of 1.0 is meant for Python 3.10 → poetry lock"),
		two("poetry: constraint", `a = "latest"`, "", "poetry.lock: a: not a version: \"latest\" → poetry lock"),
		two("poetry: neither", `a = 1`, "", "pyproject.toml: a: dependency a is neither a version nor a table → correct pyproject.toml"),
		one("poetry: without pyproject.toml", Poetry, lock, "",
			"poetry.lock: its format 2.0 tells what is for development only with the pyproject.toml, which isn't there → put pyproject.toml beside it"),
		one("poetry: empty", Poetry, "package = []\n[metadata]\nlock-version = \"2.1\"\n", "", ""),
		one("poetry: another Python", Poetry, "[metadata]\npython-versions = \"^3.11\"\n", "",
			"poetry.lock: it is for Python ^3.11, and the function runs Python 3.10 → choose another runtime in s.yaml, or allow Python 3.10 and run: poetry lock"),
		one("poetry: no constraint", Poetry, "[metadata]\npython-versions = \"new\"\n", "", "poetry.lock: not a version: \"new\" → poetry lock"),
		one("poetry 2: groups and sources", Poetry, `[[package]]
name = "g"
version = "1"
groups = ["main", "dev"]
markers = { main = "python_version < \"3.11\"", dev = "sys_platform == \"win32\"" }
[package.source]
type = "git"
url = "git@e.example.com:x/g.git"
resolved_reference = "`+commit+`"
[[package]]
name = "u"
version = "1"
groups = ["main"]
[package.source]
type = "url"
url = "https://e.example.com/u.whl"
[[package]]
name = "d"
version = "1"
groups = ["main"]
[package.source]
type = "directory"
url = "../d"
[[package]]
name = "m"
version = "1"
groups = ["main"]
[package.source]
type = "legacy"
url = "https://m.example.com/simple"
[[package]]
name = "o"
version = "1"
optional = true
groups = ["main"]
markers = "extra == \"x\""
[[package]]
name = "w"
version = "1"
groups = ["main"]
markers = "sys_platform == \"win32\""
[[package]]
name = "t"
version = "1"
groups = ["dev"]
`, "d ../d, 0 hashes\ng git+ssh://git@e.example.com/x/g.git@"+commit+", 0 hashes\nm 1, 0 hashes\nu https://e.example.com/u.whl, 0 hashes\nfrom https://m.example.com/simple\n", ""),
		one("poetry 2: marker", Poetry, "[[package]]\nname = \"a\"\ngroups = [\"main\"]\nmarkers = \"x\"\n", "", "poetry.lock: a: not a marker: \"x\" → poetry lock"),
		one("poetry 2: twice", Poetry, "[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"main\"]\n[[package]]\nname = \"A\"\nversion = \"2\"\ngroups = [\"main\"]\n", "",
			"poetry.lock: a: both 2 and 1 are for the Python and machine of the function → poetry lock"),
	}
}

func pipfileCases() []listCase {
	return []listCase{
		one("pipenv", PipfileJS, `{"_meta": {"sources": [{"name": "x", "url": "https://${TOKEN}@i.example.com/simple"}]},
"default": {"Flask": {"version": "==2.0", "hashes": ["`+hash+`"], "index": "x"},
 "win": {"version": "==1", "markers": "sys_platform == 'win32'"},
 "g": {"git": "https://e.example.com/g.git", "ref": "`+commit+`"},
 "p": {"path": "./p", "editable": true}, "f": {"file": "https://e.example.com/f.whl"}, "l": {"file": "f/l.whl"}},
"develop": {"pytest": {"version": "==8"}}}`,
			"Flask 2.0, 1 hashes\nf https://e.example.com/f.whl, 0 hashes\ng git+https://e.example.com/g.git@"+commit+", 0 hashes\nl f/l.whl, 0 hashes\np ./p, 0 hashes\n"+
				"from https://${TOKEN}@i.example.com/simple\n", ""),
		one("pipenv: not pinned", PipfileJS, `{"default": {"a": {"version": "*"}}}`, "", "Pipfile.lock: a: it isn't pinned to a version → pipenv lock"),
		one("pipenv: hg", PipfileJS, `{"default": {"a": {"hg": "https://x"}}}`, "",
			"Pipfile.lock: a: it comes from a Mercurial or Subversion repository → name a release, or a git repository, in Pipfile"),
		one("pipenv: marker", PipfileJS, `{"default": {"a": {"version": "==1", "markers": "x"}}}`, "", "Pipfile.lock: a: not a marker: \"x\" → pipenv lock"),
		one("pipenv: index", PipfileJS, `{"_meta": {"sources": [{"url": "x://y z"}]}}`, "", "Pipfile.lock: not the URL of an index: \"x://y z\" → pipenv lock"),
		one("pipenv: another Python", PipfileJS, `{"_meta": {"requires": {"python_version": "3.11"}}}`, "",
			"Pipfile.lock: it is for Python 3.11, and the function runs Python 3.10 → choose another runtime in s.yaml, or allow Python 3.10 and run: pipenv lock"),
		one("pipenv: this Python", PipfileJS, `{"_meta": {"requires": {"python_full_version": "3.10.14"}}, "default": {"a": {"version": "==1"}}}`, "a 1, 0 hashes\n", ""),
		one("pipenv: damaged", PipfileJS, `{`, "", "Pipfile.lock: unexpected end of JSON input → pipenv lock"),
		one("pipenv: no lock", "Pipfile", "", "", "Pipfile: no Pipfile.lock beside it tells the versions → pipenv lock"),
	}
}

func pdmCases() []listCase {
	head := "[metadata]\nstrategy = [\"inherit_metadata\"]\nlock_version = \"4.5.0\"\n"
	return []listCase{
		one("pdm", PDM, head+`[[package]]
name = "u"
version = "1"
groups = ["default", "dev"]
files = [{ file = "u.whl", hash = "`+hash+`" }]
[[package]]
name = "u"
version = "1"
extras = ["fast"]
groups = ["default"]
files = [{ file = "u.whl", hash = "`+hash+`" }]
[[package]]
name = "t"
version = "1"
groups = ["dev"]
[[package]]
name = "w"
version = "1"
groups = ["default"]
marker = "sys_platform == \"win32\""
[[package]]
name = "g"
version = "1"
groups = ["default"]
git = "https://e.example.com/g.git"
revision = "`+commit+`"
`, "g git+https://e.example.com/g.git@"+commit+", 0 hashes\nu 1, 1 hashes\n", ""),
		one("pdm: a repository here", PDM, head+"[[package]]\nname = \"g\"\ngroups = [\"default\"]\ngit = \"file:///r\"\nrevision = \""+commit+"\"\n",
			"g git+file://localhost/r@"+commit+", 0 hashes\n", ""),
		one("pdm: no groups", PDM, "[[package]]\nname = \"a\"\nversion = \"1\"\n", "",
			"pdm.lock: it doesn't tell which packages are for development only (strategy inherit_metadata) → pdm lock -S inherit_metadata"),
		one("pdm: marker", PDM, head+"[[package]]\nname = \"a\"\ngroups = [\"default\"]\nmarker = \"x\"\n", "", "pdm.lock: a: not a marker: \"x\" → pdm lock"),
		one("pdm: damaged", PDM, "=", "", "pdm.lock: toml: invalid character at start of key: U+003D '=' → pdm lock"),
	}
}

func projectCases() []listCase {
	return []listCase{
		one("pyproject", PyProject, "[project]\nrequires-python = \">=3.9\"\ndependencies = [\"flask>=2\", \"x[y]; python_version<'3'\"]\n[project.optional-dependencies]\nz = [\"no\"]\n",
			"flask>=2\nx[y]; python_version<'3'\n", ""),
		one("pyproject: another Python", PyProject, "[project]\nrequires-python = \">=3.11\"\ndependencies = [\"a\"]\n", "",
			"pyproject.toml: it is for Python >=3.11, and the function runs Python 3.10 → choose another runtime in s.yaml, or allow Python 3.10 and run: correct pyproject.toml"),
		one("pyproject: dynamic", PyProject, "[project]\ndynamic = [\"dependencies\"]\n", "",
			"pyproject.toml: its dependencies are dynamic: only a build of the project tells them → list them in requirements.txt, or under project.dependencies"),
		one("pyproject: poetry without lock", PyProject, "[tool.poetry.dependencies]\na = \"*\"\n", "",
			"pyproject.toml: no poetry.lock beside it tells the versions of poetry's dependencies → poetry lock"),
		one("pyproject: uv's sources", PyProject, "[project]\ndependencies = [\"A\"]\n[tool.uv.sources]\na = { path = \"../a\" }\n", "",
			"pyproject.toml: A: only uv knows where it comes from → uv lock"),
		one("pyproject: poetry's sources", PyProject, "[project]\ndependencies = [\"a\", \"b\"]\n[tool.poetry.dependencies]\na = { version = \"1\" }\nb = { git = \"https://x\" }\n", "",
			"pyproject.toml: b: only poetry knows where it comes from → poetry lock"),
		one("pyproject: an option", PyProject, "[project]\ndependencies = [\"--index-url x\"]\n", "",
			"pyproject.toml: not a requirement: \"--index-url x\" → correct pyproject.toml"),
		one("pyproject: damaged", PyProject, "[project", "", "pyproject.toml: toml: expected ']' to close table name → correct pyproject.toml"),
	}
}
