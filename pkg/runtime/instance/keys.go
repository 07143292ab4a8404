package instance

import "fmt"

// Keys are the credentials that a function gets. They print without their secrets.
type Keys struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// Format hides the secrets for every verb.
func (k Keys) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "key %s", k.AccessKeyID) }

// keys are the credentials as they are now, and what there is to say about them.
func (cfg *Config) keys() (Keys, string) {
	own := Keys{cfg.AccessKeyID, cfg.AccessKeySecret, cfg.SecurityToken}
	if cfg.RoleKeys == nil {
		return own, ""
	}
	k, warning := cfg.RoleKeys()
	if k.AccessKeyID == "" {
		k = own
	}
	return k, warning
}

// keyLines are the header lines of an invocation that have the credentials; empty
// if those of all invocations have them already.
func (i *Instance) keyLines(line func(b []byte, name, value string) []byte) []byte {
	if i.cfg.RoleKeys == nil {
		return nil
	}
	k, warning := i.cfg.keys()
	if warning != "" {
		i.logs.say(warning)
	}
	return appendKeys(nil, i.cfg, k, line)
}

// appendKeys writes the header lines of credentials. Interpreters want them even if
// there are none.
func appendKeys(b []byte, cfg *Config, k Keys, line func(b []byte, name, value string) []byte) []byte {
	if !injects(cfg, "Request") {
		k = Keys{}
	}
	b = line(b, "x-fc-access-key-id", k.AccessKeyID)
	b = line(b, "x-fc-access-key-secret", k.AccessKeySecret)
	return line(b, "x-fc-security-token", k.SecurityToken)
}
