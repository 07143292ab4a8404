// Package langserver tries the schema that `s schema` prints with a language
// server that editors use. Its version and those of what it needs are pinned in
// package.json and package-lock.json; hack/setup installs it into .tools.
package langserver
