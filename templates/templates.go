// Package templates holds the project templates of `s init`, one folder each:
// a manifest template.yaml and a tree src/ with the files of the project.
// Package scaffold gives them meaning.
package templates

import "embed"

// FS is the embedded tree, one top-level folder per template, and the parameters
// that they have in common. The prefix all: keeps files whose names begin with a
// dot or an underscore.
//
//go:embed common.yaml
//go:embed all:fc-* all:start-*
var FS embed.FS
