package bootstrap

import (
	"embed"
	"path"

	"s/pkg/toolchain"
)

//go:embed php
var phpFiles embed.FS

// php runs PHP 7.2 and later. Settings are read from the interpreter's own folder
// (the empty one of the list), ours, and the function's (runtime documentation,
// "PHP_INI_SCAN_DIR").
func php() Bootstrap {
	return Bootstrap{
		Language: toolchain.PHP, Dir: "php7.2", Files: below(phpFiles, "php"),
		Command: func(s Start) []string { return []string{s.Program, s.in("bootstrap.php")} },
		Env: func(s Start) map[string]string {
			return map[string]string{"PHP_INI_SCAN_DIR": ":" + s.Dir + ":" + path.Join(s.Code, "extension") + ":" + path.Join(s.Layers, "php")}
		},
	}
}
