package deploy

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"s/pkg/fc"
)

// Masked stands for a secret.
const Masked = "***"

// shown is a value as a plan may show it: secrets of variables, private keys and
// what signs tokens masked.
func shown(path string, v any) any {
	switch {
	case v == nil:
		return nil
	case last(path) == "privateKey", last(path) == "password", last(path) == "token":
		return Masked
	case strings.HasPrefix(path, "juiceFsConfig"):
		return maskTokens(path, v)
	case strings.Contains(path, "auth"):
		return maskKeys(v)
	}
	name, isVariable := strings.CutPrefix(path, "environmentVariables.")
	text, isText := v.(string)
	if !isVariable || !isText {
		return v
	}
	return MaskVariable(name, text)
}

// maskTokens hides the tokens of mounts, and variables that are named like secrets.
func maskTokens(path string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			if out[name] = maskTokens(path+"."+name, member); name == "token" {
				out[name] = Masked
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = maskTokens(path, item)
		}
		return out
	case string:
		if name, isVariable := strings.CutPrefix(path, "juiceFsConfig.envs."); isVariable {
			return MaskVariable(name, v)
		}
	}
	return v
}

// maskKeys hides the secret members of JSON Web Keys (RFC 7518, 6.3 and 6.4), and
// nothing of public ones.
func maskKeys(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[name] = maskKeys(member)
			if _, isKey := v["kty"]; isKey && slices.Contains([]string{"k", "d", "p", "q", "dp", "dq", "qi", "oth"}, name) {
				out[name] = Masked
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = maskKeys(item)
		}
		return out
	case string:
		var inside any
		if strings.HasPrefix(v, "{") && json.Unmarshal([]byte(v), &inside) == nil {
			data, _ := json.Marshal(maskKeys(inside)) // it has just been read
			return string(data)
		}
	}
	return v
}

// MaskTrigger gives a copy of t that can be shown.
func MaskTrigger(t fc.Trigger) fc.Trigger {
	if strings.Contains(t.TriggerConfig, "kty") {
		t.TriggerConfig, _ = maskKeys(t.TriggerConfig).(string)
	}
	return t
}

// MaskDomain gives a copy of d that can be shown.
func MaskDomain(d fc.CustomDomain) fc.CustomDomain {
	if c := d.CertConfig; c != nil && c.PrivateKey != "" {
		masked := *c
		masked.PrivateKey = Masked
		d.CertConfig = &masked
	}
	if a := d.AuthConfig; a != nil {
		masked := *a
		masked.AuthInfo, _ = maskKeys(a.AuthInfo).(string)
		d.AuthConfig = &masked
	}
	return d
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
	f.EnvironmentVariables = maskVariables(f.EnvironmentVariables)
	f.CustomContainerConfig = maskRegistry(f.CustomContainerConfig)
	if f.JuiceFSConfig == nil {
		return f
	}
	juice := fc.JuiceFSConfig{Envs: maskVariables(f.JuiceFSConfig.Envs), MountPoints: slices.Clone(f.JuiceFSConfig.MountPoints)}
	for i := range juice.MountPoints {
		if m := &juice.MountPoints[i]; m.Token != "" {
			m.Token = Masked
		}
	}
	f.JuiceFSConfig = &juice
	return f
}

// maskRegistry hides the password of a container's registry.
func maskRegistry(k *fc.CustomContainerConfig) *fc.CustomContainerConfig {
	if k == nil || k.RegistryConfig == nil || k.RegistryConfig.AuthConfig == nil {
		return k
	}
	container, registry, auth := *k, *k.RegistryConfig, *k.RegistryConfig.AuthConfig
	auth.Password = Masked
	registry.AuthConfig, container.RegistryConfig = &auth, &registry
	return &container
}

func maskVariables(variables map[string]string) map[string]string {
	if len(variables) == 0 {
		return variables
	}
	masked := make(map[string]string, len(variables))
	for name, value := range variables {
		masked[name] = MaskVariable(name, value)
	}
	return masked
}
