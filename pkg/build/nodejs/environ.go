package nodejs

import (
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/build"
)

// variable is the last value of a variable.
func variable(environ []string, name string) string {
	for _, kv := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

// ours tells the variables, in upper case, that would lead the tools to other
// places or packages than what they are to install here: settings of an npm that
// started this program, and those of a global installation. Registries, proxies,
// certificates, caches and the files with them stay.
func ours(name string) bool {
	switch name {
	case "NODE_ENV", "NODE_PATH", "NODE_OPTIONS", "INIT_CWD", "PNPM_SCRIPT_SRC_DIR", "PROJECT_CWD", "BERRY_BIN_FOLDER",
		"YARN_PRODUCTION", "YARN_NODE_LINKER", "YARN_IGNORE_PATH", "YARN_LOCKFILE_FILENAME":
		return true
	}
	setting, ok := strings.CutPrefix(name, "NPM_CONFIG_")
	if !ok {
		setting, ok = strings.CutPrefix(name, "PNPM_CONFIG_")
	}
	if !ok {
		return strings.HasPrefix(name, "NPM_PACKAGE_") || strings.HasPrefix(name, "NPM_LIFECYCLE_")
	}
	switch setting {
	case "PREFIX", "LOCAL_PREFIX", "GLOBAL_PREFIX", "GLOBAL", "LOCATION", "OMIT", "INCLUDE", "ONLY", "ALSO", "PRODUCTION", "DEV",
		"OPTIONAL", "DRY_RUN", "PACKAGE_LOCK", "PACKAGE_LOCK_ONLY", "SHRINKWRAP", "LOCKFILE_ONLY", "WORKSPACE", "WORKSPACES",
		"INCLUDE_WORKSPACE_ROOT", "INSTALL_STRATEGY", "INSTALL_LINKS", "GLOBAL_STYLE", "LEGACY_BUNDLING", "JSON", "SILENT", "LOGLEVEL",
		"OS", "CPU", "LIBC", "NODE_LINKER", "MODULES_DIR", "VIRTUAL_STORE_DIR", "FROZEN_LOCKFILE", "DIR", "LOCKFILE_DIR", "IF_PRESENT":
		return true
	}
	return false
}

// choosing are the variables that decide what gets installed, in order.
func choosing(environ []string) []string {
	var out []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		switch strings.ToUpper(name) {
		case "NPM_CONFIG_REGISTRY", "NPM_CONFIG_IGNORE_SCRIPTS", "NPM_CONFIG_LEGACY_PEER_DEPS", "NPM_CONFIG_STRICT_PEER_DEPS",
			"NPM_CONFIG_FORCE", "NPM_CONFIG_TAG", "NPM_CONFIG_BEFORE", "NPM_CONFIG_BUILD_FROM_SOURCE", "YARN_NPM_REGISTRY_SERVER",
			"YARN_REGISTRY", "YARN_ENABLE_SCRIPTS":
			out = append(out, kv)
		}
	}
	slices.Sort(out)
	return out
}

// cleaned is the environment with the interpreter first on PATH and without what
// would lead elsewhere.
func cleaned(environ []string, node build.Tool) []string {
	out := slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return ours(strings.ToUpper(name)) || name == "PATH"
	})
	path := filepath.Dir(node.Path)
	if rest := variable(environ, "PATH"); rest != "" {
		path += string(filepath.ListSeparator) + rest
	}
	return append(out, "PATH="+path)
}

// asked keeps the tools from asking, and from writing into a package.json.
func asked() []string {
	return []string{
		"COREPACK_ENABLE_DOWNLOAD_PROMPT=0", "COREPACK_ENABLE_AUTO_PIN=0", "YARN_ENABLE_TELEMETRY=0",
		"npm_config_yes=true", "npm_config_update_notifier=false", "npm_config_fund=false", "npm_config_audit=false",
	}
}
