package deploy

import (
	"net/url"
	"strings"

	"s/pkg/fc"
)

// Masked stands for a secret.
const Masked = "***"

// shown is a value as a plan may show it: secrets of variables masked.
func shown(path string, v any) any {
	name, isVariable := strings.CutPrefix(path, "environmentVariables.")
	text, isText := v.(string)
	if !isVariable || !isText {
		return v
	}
	return MaskVariable(name, text)
}

// MaskVariable hides the value of an environment variable whose name says that
// it is a secret, and the password inside an address.
func MaskVariable(name, value string) string {
	upper := strings.ToUpper(name)
	for _, word := range []string{"KEY", "SECRET", "PASSWORD", "PASSWD", "TOKEN", "CREDENTIAL"} {
		if strings.Contains(upper, word) {
			return Masked
		}
	}
	if !strings.Contains(value, "://") || !strings.Contains(value, "@") {
		return value
	}
	u, err := url.Parse(value)
	if err != nil {
		return Masked // there may be a password in it
	}
	if password, set := u.User.Password(); set && password != "" {
		return strings.Replace(value, ":"+userinfoPassword(value)+"@", ":"+Masked+"@", 1)
	}
	return value
}

// userinfoPassword is the password of an address as it is written there.
func userinfoPassword(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	authority, _, _ := strings.Cut(rest, "/")
	userinfo := authority[:max(strings.LastIndexByte(authority, '@'), 0)]
	_, password, _ := strings.Cut(userinfo, ":")
	return password
}

// MaskFunction gives a copy of f that can be shown.
func MaskFunction(f fc.Function) fc.Function {
	if len(f.EnvironmentVariables) == 0 {
		return f
	}
	masked := make(map[string]string, len(f.EnvironmentVariables))
	for name, value := range f.EnvironmentVariables {
		masked[name] = MaskVariable(name, value)
	}
	f.EnvironmentVariables = masked
	return f
}
