package spec

import (
	"encoding/json"
	"strings"

	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// props reads typed values out of a map that has been checked. What is absent
// or was found wrong reads as the zero value.
type props struct{ v *expr.Value }

func (p props) has(key string) bool { return !isAbsent(p.v.Get(key)) }

func (p props) sub(key string) props { return props{p.v.Get(key)} }

// isMap is false for absent blocks, and for "auto".
func (p props) isMap() bool { return p.v != nil && p.v.Kind == expr.Map }

func (p props) text(key string) string { return asText(p.v.Get(key)) }

// asText gives a scalar as text, as it was written.
func asText(v *expr.Value) string {
	if v == nil || !v.IsScalar() {
		return ""
	}
	return v.Text
}

func (p props) int(key string) int {
	n, _ := asInt(p.v.Get(key))
	return int(n)
}

func (p props) float(key string) float64 {
	f, _ := asFloat(p.v.Get(key))
	return f
}

func (p props) bool(key string) bool {
	b, _ := asBool(p.v.Get(key))
	return b
}

// flag gives nil for an absent boolean.
func (p props) flag(key string) *bool {
	if b, ok := asBool(p.v.Get(key)); ok {
		return &b
	}
	return nil
}

func (p props) list(key string) []props {
	v := p.v.Get(key)
	if v == nil {
		return nil
	}
	items := make([]props, 0, len(v.Items))
	for _, item := range v.Items {
		items = append(items, props{item})
	}
	return items
}

func (p props) texts(key string) []string {
	var texts []string
	for _, item := range p.list(key) {
		texts = append(texts, asText(item.v))
	}
	return texts
}

// stringMap gives a map of texts; numbers and booleans come as they were
// written; keys without a value are left out.
func (p props) stringMap(key string) map[string]string {
	v := p.v.Get(key)
	if v == nil || len(v.Entries) == 0 {
		return nil
	}
	m := make(map[string]string, len(v.Entries))
	for _, e := range v.Entries {
		if e.Value.IsScalar() {
			m[e.Key] = asText(e.Value)
		}
	}
	return m
}

// canonical gives a value as JSON with sorted keys and no space.
func canonical(v *expr.Value) string {
	if v == nil || v.Kind == expr.Null {
		return "{}"
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v.Native()); err != nil {
		return "{}"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Blocks that both editions have.

func (p props) layers(key string) []fc.Layer {
	var layers []fc.Layer
	for _, arn := range p.texts(key) {
		layers = append(layers, fc.Layer{ARN: arn})
	}
	return layers
}

func (p props) healthCheck(key string) *fc.HealthCheckConfig {
	h := p.sub(key)
	if !h.isMap() {
		return nil
	}
	return &fc.HealthCheckConfig{
		HTTPGetURL:          h.text("httpGetUrl"),
		InitialDelaySeconds: h.int("initialDelaySeconds"),
		PeriodSeconds:       h.int("periodSeconds"),
		TimeoutSeconds:      h.int("timeoutSeconds"),
		FailureThreshold:    h.int("failureThreshold"),
		SuccessThreshold:    h.int("successThreshold"),
	}
}

func (p props) customDNS(key string) *fc.CustomDNS {
	d := p.sub(key)
	if !d.isMap() {
		return nil
	}
	dns := &fc.CustomDNS{NameServers: d.texts("nameServers"), Searches: d.texts("searches")}
	for _, o := range d.list("dnsOptions") {
		dns.DNSOptions = append(dns.DNSOptions, fc.DNSOption{Name: o.text("name"), Value: o.text("value")})
	}
	return dns
}

func (p props) logConfig(key string) *fc.LogConfig {
	l := p.sub(key)
	if !l.isMap() {
		return nil
	}
	return &fc.LogConfig{
		Project: l.text("project"), Logstore: l.text("logstore"), LogBeginRule: l.text("logBeginRule"),
		EnableRequestMetrics: l.flag("enableRequestMetrics"), EnableInstanceMetrics: l.flag("enableInstanceMetrics"),
		EnableLLMMetrics: l.flag("enableLlmMetrics"),
	}
}

func (p props) ossMount(key string) *fc.OSSMountConfig {
	o := p.sub(key)
	if !o.isMap() {
		return nil
	}
	mounts := &fc.OSSMountConfig{}
	for _, m := range o.list("mountPoints") {
		mounts.MountPoints = append(mounts.MountPoints, fc.OSSMount{
			BucketName: m.text("bucketName"), Endpoint: m.text("endpoint"), MountDir: m.text("mountDir"),
			BucketPath: m.text("bucketPath"), ReadOnly: m.bool("readOnly"),
		})
	}
	return mounts
}

func (p props) hook(key string) *fc.LifecycleHook {
	h := p.sub(key)
	if !h.isMap() {
		return nil
	}
	return &fc.LifecycleHook{Handler: h.text("handler"), Command: h.texts("command"), Timeout: h.int("timeout")}
}

// jsonStrings reads a JSON list of strings out of a text, as edition 1.0.0 has
// it for the commands of containers.
func jsonStrings(text string) ([]string, bool) {
	if strings.TrimSpace(text) == "" {
		return nil, true
	}
	var list []string
	err := json.Unmarshal([]byte(text), &list)
	return list, err == nil
}
