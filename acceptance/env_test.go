package acceptance

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// passed are the variables of the developer's machine that a test sees: how to
// reach the package registry, and nothing that changes what s does.
var passed = []string{
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "SYSTEMROOT", "GOCOVERDIR",
}

// environment gives the variables of one test whose files are all below work:
// its own home, its own s, its own local cloud on a free port.
func environment(work string) map[string]string {
	home := filepath.Join(work, ".home")
	vars := map[string]string{
		"PATH":         binDir + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME":         home,
		"S_HOME":       filepath.Join(home, ".s"),
		"S_LOCAL_PORT": "0",
		"TMPDIR":       filepath.Join(work, ".tmp"),
		"LANG":         "en_US.UTF-8",
		// No key of a test goes to the real STS, and none into a real keyring.
		"S_STS_ENDPOINT": "http://127.0.0.1:1",
		"S_KEYRING":      "off",
		"LC_ALL":         "",
		"NO_COLOR":       "",
		"CI":             "",
		// Many tests on two cores: what must not happen soon can't be tested
		// soon either.
		"PIP_DISABLE_PIP_VERSION_CHECK": "1",
		"PIP_ROOT_USER_ACTION":          "ignore",
	}
	for _, name := range passed {
		if value, ok := os.LookupEnv(name); ok {
			vars[name] = value
		}
	}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "PIP_") {
			vars[name] = value
		}
	}
	if _, given := vars["PIP_CACHE_DIR"]; !given {
		if cache, err := os.UserCacheDir(); err == nil {
			vars["PIP_CACHE_DIR"] = filepath.Join(cache, "pip")
		}
	}
	if cache, err := os.UserCacheDir(); err == nil {
		vars["GOCACHE"] = cmp.Or(os.Getenv("GOCACHE"), filepath.Join(cache, "go-build"))
	}
	if root := pyenvRoot(); root != "" {
		vars["PYENV_ROOT"] = root
	}
	if runtime.GOOS == "windows" {
		vars["USERPROFILE"] = home
	}
	return vars
}

// pyenvRoot finds the developer's pyenv, which the test's own HOME would hide.
func pyenvRoot() string {
	if root := os.Getenv("PYENV_ROOT"); root != "" {
		return root
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	root := filepath.Join(home, ".pyenv")
	if _, err := os.Stat(filepath.Join(root, "versions")); err != nil {
		return ""
	}
	return root
}

// environ is vars as a process gets them.
func environ(vars map[string]string) []string {
	list := make([]string, 0, len(vars))
	for name, value := range vars {
		list = append(list, name+"="+value)
	}
	return list
}
