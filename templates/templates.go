// Package templates holds the project templates of `s init`, one folder each:
// a manifest template.yaml and a tree src/ with the files of the project.
// Package scaffold gives them meaning.
package templates

import "embed"

// FS is the embedded tree, one top-level folder per template. The prefix all:
// keeps files whose names begin with a dot or an underscore.
//
//go:embed all:fc-custom-python37-event
//go:embed all:start-fc-event-python
//go:embed all:start-fc-http-python
var FS embed.FS
