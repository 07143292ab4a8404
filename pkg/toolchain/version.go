package toolchain

import (
	"fmt"
	"regexp"
	"strconv"
)

// version is a release of a language; parts that aren't known are -1.
type version struct{ major, minor, patch int }

var versionPattern = regexp.MustCompile(`^(\d+)(?:\.(\d+))?(?:\.(\d+))?`)

// parseVersion reads the leading numbers of a version such as 3.10.13 or
// 3.13.0rc1.
func parseVersion(s string) (version, bool) {
	m := versionPattern.FindStringSubmatch(s)
	if m == nil {
		return version{}, false
	}
	v := version{-1, -1, -1}
	for i, to := range []*int{&v.major, &v.minor, &v.patch} {
		if m[i+1] == "" {
			break
		}
		n, err := strconv.Atoi(m[i+1])
		if err != nil {
			return version{}, false
		}
		*to = n
	}
	return v, true
}

func (v version) minorString() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

// sameMinor reports whether both are the same release line.
func (v version) sameMinor(o version) bool { return v.major == o.major && v.minor == o.minor }

// standsIn reports whether v can run what was written for wanted: the same
// major version, the minor at least as new.
func (v version) standsIn(wanted version) bool {
	return v.major == wanted.major && v.minor >= wanted.minor
}

// compare orders versions, oldest first.
func (v version) compare(o version) int {
	if v.major != o.major {
		return v.major - o.major
	}
	if v.minor != o.minor {
		return v.minor - o.minor
	}
	return v.patch - o.patch
}
