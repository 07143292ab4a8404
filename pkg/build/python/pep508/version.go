// Package pep508 reads how Python names dependencies: versions and their order
// (PEP 440), markers (PEP 508) and names (PEP 503).
package pep508

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"s/pkg/diag"
)

// versionPattern is that of PEP 440, less what it normalises away.
var versionPattern = regexp.MustCompile(`^v?(?:(\d+)!)?(\d+(?:\.\d+)*)` +
	`(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?` +
	`(?:(?:-(\d+))|(?:[-_.]?(post|rev|r)[-_.]?(\d*)))?` +
	`(?:[-_.]?(dev)[-_.]?(\d*))?` +
	`(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$`)

// Version is a version of a package.
type Version struct {
	epoch   int
	release []int
	// pre, post and dev order releases of the same numbers: see key.
	pre   string // a, b, rc; empty for none
	preN  int
	post  int // -1 for none
	dev   int // -1 for none
	local string
}

// ParseVersion reads a version.
func ParseVersion(text string) (Version, error) {
	m := versionPattern.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if m == nil || len(text) > 200 {
		return Version{}, diag.Errorf("not a version: %.60q", text)
	}
	v := Version{epoch: number(m[1]), post: -1, dev: -1, local: m[10]}
	for part := range strings.SplitSeq(m[2], ".") {
		v.release = append(v.release, number(part))
	}
	if m[3] != "" {
		v.pre, v.preN = preName(m[3]), number(m[4])
	}
	switch {
	case m[5] != "":
		v.post = number(m[5])
	case m[6] != "":
		v.post = number(m[7])
	}
	if m[8] != "" {
		v.dev = number(m[9])
	}
	return v, nil
}

// number reads digits; none are 0, too many the largest number.
func number(digits string) int {
	if digits == "" {
		return 0
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return int(^uint(0) >> 1)
	}
	return n
}

func preName(s string) string {
	switch s {
	case "a", "alpha":
		return "a"
	case "b", "beta":
		return "b"
	}
	return "rc"
}

// Compare orders versions as PEP 440 does, local parts last.
func (v Version) Compare(w Version) int {
	if c := cmp.Or(cmp.Compare(v.epoch, w.epoch), compareRelease(v.release, w.release)); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(v.phase(), w.phase()), cmp.Compare(v.preN, w.preN),
		cmp.Compare(v.post, w.post), cmp.Compare(v.devKey(), w.devKey()), cmp.Compare(v.local, w.local),
	)
}

// phase orders the stages of a release: one in development alone, a, b, rc, the
// release.
func (v Version) phase() int {
	switch {
	case v.pre == "" && v.post < 0 && v.dev >= 0:
		return 0
	case v.pre != "":
		return 1 + slices.Index([]string{"a", "b", "rc"}, v.pre)
	}
	return 4
}

// devKey puts what is in development before what is done.
func (v Version) devKey() int {
	if v.dev < 0 {
		return int(^uint(0) >> 1)
	}
	return v.dev
}

func compareRelease(a, b []int) int {
	for i := range max(len(a), len(b)) {
		if c := cmp.Compare(at(a, i), at(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

func at(list []int, i int) int {
	if i < len(list) {
		return list[i]
	}
	return 0
}

// Matches reports whether a version is one of those that specifiers name:
// ">=3.8,!=3.9.0"; none name all. An empty part is none.
func (v Version) Matches(specifiers string) (bool, error) {
	all := true
	for part := range strings.SplitSeq(specifiers, ",") {
		part = strings.TrimSpace(part)
		if part == "" || part == "*" {
			continue
		}
		ok, err := v.matches(part)
		if err != nil {
			return false, err
		}
		all = all && ok
	}
	return all, nil
}

// operators of specifiers, longer ones first.
func operators() []string { return []string{"===", "~=", "==", "!=", "<=", ">=", "<", ">"} }

func (v Version) matches(spec string) (bool, error) {
	for _, op := range operators() {
		if text, ok := strings.CutPrefix(spec, op); ok {
			return v.holds(op, strings.TrimSpace(text))
		}
	}
	return false, diag.Errorf("not a version specifier: %.60q", spec)
}

// holds compares with an operator of PEP 440.
func (v Version) holds(op, text string) (bool, error) {
	if prefix, ok := strings.CutSuffix(text, ".*"); ok && (op == "==" || op == "!=") {
		w, err := ParseVersion(prefix)
		return (v.epoch == w.epoch && v.startsWith(w.release)) == (op == "=="), err
	}
	w, err := ParseVersion(text)
	if err != nil {
		return false, err
	}
	public := v
	if w.local == "" {
		public.local = ""
	}
	c := public.Compare(w)
	switch op {
	case "==", "===":
		return c == 0, nil
	case "!=":
		return c != 0, nil
	case "<=":
		return c <= 0, nil
	case ">=":
		return c >= 0, nil
	case "<":
		// 1.0rc1 isn't before 1.0 unless asked for.
		return c < 0 && (w.early() || !v.early() || compareRelease(v.release, w.release) != 0), nil
	case ">":
		// Nor is 1.0.post1 after 1.0.
		return c > 0 && (w.post >= 0 || v.post < 0 || compareRelease(v.release, w.release) != 0), nil
	}
	// ~=: the same but for the last number, and not older.
	if len(w.release) < 2 {
		return false, diag.Errorf("~=%s names a single number", text)
	}
	return c >= 0 && v.startsWith(w.release[:len(w.release)-1]), nil
}

func (v Version) early() bool { return v.pre != "" || v.dev >= 0 }

func (v Version) startsWith(release []int) bool {
	for i, n := range release {
		if at(v.release, i) != n {
			return false
		}
	}
	return true
}
