package instance

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"s/pkg/fc"
)

// codePath is where the function sees its code, as FC_FUNC_CODE_PATH has it.
const codePath = "/code/"

// searchPath is PATH behind what an interpreter adds in front.
const searchPath = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/sbin:/bin:/opt/bin:/code:/code/bin"

// imagePath is PATH in an image that sets none, as Docker has it.
const imagePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment is the complete environment of an instance: that of the platform,
// then the user's own variables, which may override everything that isn't the
// platform's.
func environment(cfg *Config, rt fc.Runtime, id string, l *layout) map[string]string {
	service, name := fc.SplitName(cfg.Function.FunctionName)
	env := ours(rt, l)
	maps.Copy(env, l.env)
	for key, value := range cfg.Function.EnvironmentVariables {
		if !reserved(key) {
			env[key] = value
		}
	}
	maps.Copy(env, map[string]string{
		"FC_FUNC_CODE_PATH":       codePath,
		"FC_ACCOUNT_ID":           cfg.AccountID,
		"FC_REGION":               cfg.Region,
		"FC_FUNCTION_NAME":        name,
		"FC_FUNCTION_HANDLER":     cfg.Function.Handler,
		"FC_FUNCTION_MEMORY_SIZE": strconv.Itoa(cfg.Function.MemorySize),
		"FC_FUNCTION_VERSION":     cfg.VersionID,
		"FC_VER_ID":               cfg.VersionID,
		"FC_INSTANCE_ID":          id,
		"FC_QUALIFIER":            cfg.Qualifier,
	})
	if service != "" {
		env["FC_SERVICE_NAME"] = service
	}
	k, warning := cfg.keys()
	if warning != "" {
		l.warn("%s", warning)
	}
	credentialVariables(cfg, k, env, service != "")
	return env
}

// credentialVariables sets the variables of the function's credentials, unless it
// wants none (disableInjectCredentials). Functions of FC 2.0 have the old names, too.
func credentialVariables(cfg *Config, k Keys, env map[string]string, old bool) {
	if !injects(cfg, "Env") {
		return
	}
	maps.Copy(env, map[string]string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID":     k.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET": k.AccessKeySecret,
		"ALIBABA_CLOUD_SECURITY_TOKEN":    k.SecurityToken,
	})
	if old {
		maps.Copy(env, map[string]string{
			"accessKeyID": k.AccessKeyID, "accessKeySecret": k.AccessKeySecret, "securityToken": k.SecurityToken,
		})
	}
}

// injects reports whether the function gets credentials by a way, Env or
// Request (Function.disableInjectCredentials of API 2023-03-30).
func injects(cfg *Config, way string) bool {
	off := cfg.Function.DisableInjectCredentials
	return off != way && off != "All"
}

// ours are the variables that every program of ours and of the user's gets where
// the system is FC's; an image has its own.
func ours(rt fc.Runtime, l *layout) map[string]string {
	if rt.Container {
		return map[string]string{"PATH": imagePath}
	}
	path := searchPath
	if l.lang.bin != "" {
		path = l.lang.bin + ":" + path
	}
	env := map[string]string{
		"PATH": path, "HOME": "/tmp", "LANG": "C.UTF-8", "TZ": "UTC",
		"LD_LIBRARY_PATH": l.lang.libraries("/code:/code/lib:/usr/local/lib:/opt/lib"),
	}
	if rt.Custom {
		env["PYTHONPATH"] = "/opt/python:/code/python:/code"
	}
	return env
}

// reserved reports whether users can't set a variable.
func reserved(key string) bool {
	switch key {
	case "accessKeyID", "accessKeySecret", "securityToken", "topic":
		return true
	}
	return strings.HasPrefix(key, "FC_") || strings.HasPrefix(key, "_FC_") || key == "" || strings.ContainsAny(key, "=\x00")
}

// pairs gives an environment as KEY=value, sorted.
func pairs(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for _, key := range slices.Sorted(maps.Keys(env)) {
		list = append(list, key+"="+strings.ReplaceAll(env[key], "\x00", ""))
	}
	return list
}

// header are the x-fc-* lines that all invocations of an instance have in
// common, written by line. The id is for interpreters: an HTTP server of the user's
// gets none, and every header costs it time. Credentials that change aren't among
// them, see keyLines.
func header(cfg *Config, id string, line func(b []byte, name, value string) []byte) []byte {
	service, name := fc.SplitName(cfg.Function.FunctionName)
	var project, store string
	if c := cfg.Function.LogConfig; c != nil {
		project, store = c.Project, c.Logstore
	}
	var b []byte
	if cfg.RoleKeys == nil {
		k, _ := cfg.keys()
		b = appendKeys(b, cfg, k, line)
	}
	for _, h := range [][2]string{
		{"x-fc-function-name", name},
		{"x-fc-function-memory", strconv.Itoa(cfg.Function.MemorySize)},
		{"x-fc-service-name", service},
		{"x-fc-service-logproject", project},
		{"x-fc-service-logstore", store},
		{"x-fc-qualifier", cfg.Qualifier},
		{"x-fc-version-id", cfg.VersionID},
		{"x-fc-region", cfg.Region},
		{"x-fc-account-id", cfg.AccountID},
		{"x-fc-tracing-opentracing-span-context", ""},
		{"x-fc-tracing-opentracing-span-baggages", ""},
		{"x-fc-tracing-jaeger-endpoint", ""},
	} {
		b = line(b, h[0], h[1])
	}
	if id != "" {
		b = line(b, "x-fc-instance-id", id)
	}
	return b
}
