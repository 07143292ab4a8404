package control_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"s/pkg/spec"
)

// generator makes values that the schema of s.yaml allows.
type generator struct {
	t           *testing.T
	rand        *rand.Rand
	definitions map[string]any
	dir         string
	serial      int
}

func newGenerator(t *testing.T, seed uint64) *generator {
	t.Helper()
	data, err := json.Marshal(spec.Schema(spec.LangEnglish))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct{ Definitions map[string]any }
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "code"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "code", "bootstrap"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return &generator{t: t, rand: rand.New(rand.NewPCG(seed, 1)), definitions: schema.Definitions, dir: dir}
}

// fixed are the values of keys whose meaning the schema doesn't tell.
func fixed(key string) []string {
	switch key {
	case "qualifier":
		return []string{"LATEST"}
	case "role", "invocationRole":
		return []string{"acs:ram::123456:role/one", "acs:ram::123456:role/two"}
	case "cronExpression":
		return []string{"@every 24h", "0 0 4 * * *", "CRON_TZ=Asia/Shanghai 0 0 4 * * *"}
	case "nameServers":
		return []string{"1.1.1.1", "8.8.8.8"}
	case "destination", "onSuccess", "onFailure":
		return []string{"acs:mns:cn-hangzhou:1234567890123456:/queues/q/messages", "acs:fc:cn-hangzhou:1234567890123456:functions/other"}
	case "allowMethods":
		return []string{"GET", "PUT"}
	case "allowOrigins":
		return []string{"https://a.example.com", "*"}
	case "sourceArn":
		return []string{"acs:oss:cn-hangzhou:123456:bucket"}
	case "domainName":
		return []string{"a.example.test"}
	case "certificate", "privateKey":
		return []string{"-----BEGIN X-----\nAAAA\n-----END X-----"}
	case "authInfo":
		return []string{`{"jwks":{"keys":[{"kty":"oct","k":"c2VzYW1l","kid":"a"}]},"tokenLookup":"header:Authorization:Bearer"}`}
	case "metricType":
		return []string{"CPUUtilization"}
	case "startTime":
		return []string{"2026-01-01T00:00:00Z"}
	case "endTime":
		return []string{"2030-01-01T00:00:00Z"}
	case "timeZone":
		return []string{"Asia/Shanghai"}
	case "path":
		return []string{"/*", "/api/*", "/one"}
	case "serverAddr":
		return []string{"nas.example.test:/"}
	case "scheduleExpression":
		return []string{"cron(0 0 22 * * *)", "at(2030-01-01T00:00:00Z)"}
	}
	return nil
}

// value makes one for a node of the schema.
func (g *generator) value(key string, node map[string]any) any {
	if ref, ok := node["$ref"].(string); ok {
		return g.value(key, g.definitions[strings.TrimPrefix(ref, "#/definitions/")].(map[string]any))
	}
	if options, ok := node["anyOf"].([]any); ok {
		return g.value(key, options[0].(map[string]any)) // the others are expressions and auto
	}
	switch key {
	case "protocol":
		return "HTTP" // HTTPS needs a real certificate
	case "minVersion":
		return "TLSv1.0" // no later than maxVersion
	}
	if enum, ok := node["enum"].([]any); ok {
		return enum[g.rand.IntN(len(enum))]
	}
	switch kind, _ := node["type"].(string); kind {
	case "object":
		return g.object(node)
	case "array":
		least, most := 1, 2
		if n, ok := node["minItems"].(float64); ok {
			least = max(int(n), 1)
		}
		list := []any{}
		for range least + g.rand.IntN(max(most-least, 0)+1) {
			list = append(list, g.value(key, node["items"].(map[string]any)))
		}
		return list
	case "boolean":
		return g.rand.IntN(2) == 0
	case "integer", "number":
		return g.number(node)
	}
	return g.text(key, node)
}

func (g *generator) number(node map[string]any) any {
	least, _ := node["minimum"].(float64)
	step, _ := node["multipleOf"].(float64)
	if step == 0 {
		step = 1
	}
	if node["type"] == "number" {
		return []float64{0.5, 1}[g.rand.IntN(2)]
	}
	n := least + step*float64(g.rand.IntN(4))
	if most, ok := node["maximum"].(float64); ok {
		n = min(n, most)
	}
	return int(n)
}

func (g *generator) text(key string, node map[string]any) string {
	words := fixed(key)
	if words == nil {
		g.serial++
		if key == "mountDir" || key == "fcDir" { // of all mounts different
			return fmt.Sprintf("/mnt/n%d", g.serial)
		}
		words = []string{fmt.Sprintf("n%d", g.serial), "x"}
	}
	if pattern, ok := node["pattern"].(string); ok {
		if shape, err := regexp.Compile(pattern); err == nil {
			words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !shape.MatchString(w) })
		}
	}
	if len(words) == 0 {
		return ""
	}
	return words[g.rand.IntN(len(words))]
}

func (g *generator) object(node map[string]any) any {
	properties, _ := node["properties"].(map[string]any)
	if len(properties) == 0 {
		return map[string]any{"A": g.text("", node), "LEVEL": g.text("", node)}
	}
	required, _ := node["required"].([]any)
	out := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		if key == "certId" {
			continue // it isn't carried out yet
		}
		if slices.Contains(required, any(key)) || g.rand.IntN(2) == 0 {
			out[key] = g.value(key, properties[key].(map[string]any))
		}
	}
	return out
}

// load reads props of an edition; nil is that s.yaml isn't valid with them.
func (g *generator) load(edition string, props map[string]any) *spec.Resource {
	doc := map[string]any{"edition": edition, "name": "app", "access": "local"}
	if edition == spec.Edition3 {
		doc["resources"] = map[string]any{"one": map[string]any{"component": "fc3", "props": props}}
	} else {
		doc["services"] = map[string]any{"one": map[string]any{"component": "fc", "props": props}}
	}
	data, err := json.Marshal(doc) // JSON is YAML
	if err != nil {
		g.t.Fatal(err)
	}
	path := filepath.Join(g.dir, "s.yaml")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		g.t.Fatal(err)
	}
	project, found := spec.Load(context.Background(), spec.Options{File: path})
	if found.Err() != nil {
		return nil
	}
	return project.Find("one")
}

// at gives the map below props that a path names, and the last word of the path.
func at(props map[string]any, path string) (map[string]any, string) {
	if block, key, ok := strings.Cut(path, "."); ok {
		inside, _ := props[block].(map[string]any)
		return inside, key
	}
	return props, path
}

// paths are the props that may be added to those that every resource has.
func (g *generator) paths(edition string) []string {
	without := []string{
		"region", "functionName", "runtime", "code", "handler", "layers", "customContainerConfig", "endpoint", "annotations", "supplement",
		"polarFsConfig", "juiceFsConfig", "gpuConfig", "cpu", "service", "function", "service.name", "function.name", "function.runtime",
		"function.codeUri", "function.ossBucket", "function.ossKey", "function.layers", "function.customContainerConfig", "function.handler",
		"function.instanceType", "function.cpu", "function.gpuMemorySize", "service.tracingConfig", "function.instanceSoftConcurrency", "triggers",
		"instanceIsolationMode", "sessionAffinity", "sessionAffinityConfig", // one needs the other
	}
	var out []string
	add := func(prefix string, node map[string]any) {
		for _, key := range slices.Sorted(maps.Keys(node["properties"].(map[string]any))) {
			if !slices.Contains(without, prefix+key) {
				out = append(out, prefix+key)
			}
		}
	}
	props := g.props(edition)
	add("", props)
	if edition == spec.Edition1 {
		add("service.", g.node(props, "service"))
		add("function.", g.node(props, "function"))
	}
	return out
}

func (g *generator) props(edition string) map[string]any {
	return g.definitions["props"+edition[:1]].(map[string]any)
}

// node is the schema of a key.
func (g *generator) node(of map[string]any, key string) map[string]any {
	node := of["properties"].(map[string]any)[key].(map[string]any)
	for node["anyOf"] != nil && node["properties"] == nil {
		node = node["anyOf"].([]any)[0].(map[string]any)
	}
	return node
}

// set puts another valid value at a path, and gives the resource then; nil if none
// was found.
func (g *generator) set(edition string, props map[string]any, path string) *spec.Resource {
	node := g.props(edition)
	inside, key := at(props, path)
	if block, _, ok := strings.Cut(path, "."); ok {
		node = g.node(node, block)
	}
	old, had := inside[key]
	for range 6 {
		inside[key] = g.value(key, node["properties"].(map[string]any)[key].(map[string]any))
		if r := g.load(edition, props); r != nil {
			return r
		}
	}
	if delete(inside, key); had {
		inside[key] = old
	}
	return nil
}

// resource makes props and what they mean.
func (g *generator) resource(edition string) (map[string]any, *spec.Resource) {
	props := map[string]any{"region": "cn-hangzhou", "functionName": "one", "runtime": "custom", "code": "./code"}
	if edition == spec.Edition1 {
		props = map[string]any{
			"region": "cn-hangzhou", "service": map[string]any{"name": "svc"},
			"function": map[string]any{"name": "one", "runtime": "custom", "codeUri": "./code"},
		}
	}
	paths := g.paths(edition)
	g.rand.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	for _, path := range paths[:len(paths)/2+g.rand.IntN(len(paths)/2)] {
		g.set(edition, props, path)
	}
	r := g.load(edition, props)
	if r == nil {
		g.t.Fatalf("nothing valid came of %v", props)
	}
	return props, r
}
