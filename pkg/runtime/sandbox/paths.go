package sandbox

import (
	"slices"
	"strings"
)

// pathMap replaces the paths of an instance by the host's where nothing can be
// mounted.
type pathMap []Mount // longest target first

func newPathMap(spec Spec) pathMap {
	m := pathMap(slices.Clone(spec.Mounts))
	if spec.TmpDir != "" {
		m = append(m, Mount{Source: spec.TmpDir, Target: "/tmp"})
	}
	slices.SortStableFunc(m, func(x, y Mount) int { return len(y.Target) - len(x.Target) })
	return m
}

// all maps each of a list.
func (m pathMap) all(values []string) []string {
	mapped := make([]string, len(values))
	for i, v := range values {
		mapped[i] = m.one(v)
	}
	return mapped
}

// env maps the values of an environment, and tells programs where to put
// temporary files, since /tmp is everybody's.
func (m pathMap) env(spec Spec) []string {
	env := m.all(spec.Env)
	if spec.TmpDir != "" && !slices.ContainsFunc(env, func(pair string) bool { return strings.HasPrefix(pair, "TMPDIR=") }) {
		env = append(env, "TMPDIR="+spec.TmpDir)
	}
	return env
}

// one replaces every path in s that is a target or below one. A path begins
// where it can't be the middle of another.
func (m pathMap) one(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '/' && (i == 0 || !inPath(s[i-1])) {
			if source, n := m.match(s[i:]); n > 0 {
				b.WriteString(source)
				i += n
				continue
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// match finds the mount whose target s begins with.
func (m pathMap) match(s string) (source string, length int) {
	for _, mount := range m {
		target := strings.TrimSuffix(mount.Target, "/")
		rest, ok := strings.CutPrefix(s, target)
		if ok && target != "" && (rest == "" || rest[0] == '/' || !inPath(rest[0])) {
			return strings.TrimSuffix(mount.Source, "/"), len(target)
		}
	}
	return "", 0
}

// inPath reports whether c is a usual character of file names, so that what is
// beside it may be part of the same path.
func inPath(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 || strings.IndexByte("/._-~+@%$}", c) >= 0
}
