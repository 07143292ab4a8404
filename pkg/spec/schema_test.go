package spec

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// compiled is the schema as another program reads it.
func compiled(t *testing.T, lang string) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(Schema(lang))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	if err := c.AddResource("s.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("s.json")
	if err != nil {
		t.Fatalf("the schema is none: %v", err)
	}
	return schema
}

// asJSON reads a YAML file as a validator wants it.
func asJSON(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func validate(t *testing.T, schema *jsonschema.Schema, file string) error {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(asJSON(t, text))
}

// TestSchemaTakesWhatIsRight: every file of testdata/ok fits the schema.
func TestSchemaTakesWhatIsRight(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{LangEnglish, LangChinese} {
		schema := compiled(t, lang)
		for _, file := range yamlFiles(t, "testdata/ok") {
			if err := validate(t, schema, file); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

// TestSchemaRefusesWhatIsWrong: what one file alone shows wrong, the schema does.
func TestSchemaRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	schema := compiled(t, LangEnglish)
	// These are wrong in a way that a schema can't say.
	beyond := []string{"mounts_same_dir", "scaling_bounds", "v1_nas", "v1_trigger_same"}
	for _, name := range []string{
		"annotations", "async_ranges", "code_list", "code_object", "concurrency_missing", "concurrency_negative",
		"container_acceleration", "container_image", "credentials", "dns", "domain_cert", "domain_missing", "domain_protocol", "domain_tls",
		"edition_missing", "edition_unknown", "environment", "gpu", "health", "hook_both", "hook_timeout", "log_missing", "log_rule",
		"missing", "missing_container", "missing_handler_code", "mounts_many", "nas_ids", "no_resources", "props_missing", "provision",
		"provision_schedule", "resource_scalar", "resources_list", "scaling_negative", "session", "tags", "top_unknown_key", "tracing",
		"trigger_cdn", "trigger_cron", "trigger_eventbridge", "trigger_http_auth", "trigger_http_cors", "trigger_http_jwt",
		"trigger_http_jwt_lists", "trigger_http_methods", "trigger_http_no_methods", "trigger_log_param", "trigger_log_ranges", "trigger_mns",
		"trigger_name", "trigger_oss_missing", "trigger_oss_v1_keys", "trigger_tablestore", "trigger_timer_enable", "trigger_timer_missing",
		"trigger_type_unknown", "types", "unknown_key", "unknown_key_nested", "v1_async", "v1_conflict", "v1_domain", "v1_health", "v1_hooks",
		"v1_gpu", "v1_jwt", "v1_missing", "v1_oss_key", "v1_trigger_cron", "v1_trigger_oss", "v1_vpc", "vpc", "vpc_binding",
	} {
		if err := validate(t, schema, filepath.Join("testdata/err", name+".yaml")); err == nil {
			t.Errorf("%s: the schema takes it", name)
		}
	}
	for _, name := range beyond {
		if err := validate(t, schema, filepath.Join("testdata/err", name+".yaml")); err != nil {
			t.Errorf("%s: the schema refuses it, too: move it up: %v", name, err)
		}
	}
}

// TestSchemaTakesExpressions wherever a value is wanted.
func TestSchemaTakesExpressions(t *testing.T) {
	t.Parallel()
	schema := compiled(t, LangEnglish)
	for _, f := range propsV3().fields {
		if f.key == "code" {
			continue // of other keys the runtime asks for
		}
		text := "edition: 3.0.0\nresources:\n  a:\n    component: fc3\n    props:\n"
		lines := map[string]string{"region": "cn-hangzhou", "functionName": "f", "runtime": "custom", "code": "./"}
		lines[f.key] = "${vars." + f.key + "}"
		for _, key := range slices.Sorted(mapKeys(lines)) {
			text += "      " + key + ": " + lines[key] + "\n"
		}
		if err := schema.Validate(asJSON(t, []byte(text))); err != nil {
			t.Errorf("%s: %v", f.key, err)
		}
	}
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestSchemaOfParts: what a template or another file may bring isn't asked for.
func TestSchemaOfParts(t *testing.T) {
	t.Parallel()
	schema := compiled(t, LangEnglish)
	for _, tt := range []struct {
		name, text string
		fits       bool
	}{
		{"extend of a file", "edition: 3.0.0\nextend: base.yaml\nresources:\n  a:\n    props: {timeout: 3}\n", true},
		{"extend of a file, wrong", "edition: 3.0.0\nextend: base.yaml\nresources:\n  a:\n    props: {timeout: x}\n", false},
		{"extend of a template", "edition: 3.0.0\nresources:\n  a:\n    component: fc3\n    extend: {name: t, ignore: [x]}\n    props: {timeout: 3}\n", true},
		{"extend of a template, wrong", "edition: 3.0.0\nresources:\n  a:\n    component: fc3\n    extend: {ignore: [x]}\n    props: {timout: 3}\n", false},
		{"neither", "edition: 3.0.0\nresources:\n  a:\n    component: fc3\n    props: {timeout: 3}\n", false},
		{"extend of edition 1.0.0", "edition: 1.0.0\nextend: base.yaml\nservices:\n  a:\n    component: fc\n", true},
		{"flow and template", "edition: 3.0.0\nflow: {deploy: [[a]]}\ntemplate: {t: {timeout: 3}}\nresources: {}\n", true},
		{"two kinds of action", "edition: 3.0.0\nactions: {pre-deploy: [{run: a, plugin: b}]}\nresources: {}\n", false},
		{"condition of an action", "edition: 3.0.0\nactions: {pre-deploy: [{run: a, allow_failure: {exit_code: [1], command: [x]}}]}\nresources: {}\n", true},
		{"key of an action", "edition: 3.0.0\nactions: {pre-deploy: [{runs: a}]}\nresources: {}\n", false},
		{"services of edition 3.0.0", "edition: 3.0.0\nservices: {}\n", false},
		{"no edition", "resources: {}\n", false},
	} {
		if err := schema.Validate(asJSON(t, []byte(tt.text))); (err == nil) != tt.fits {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestEveryRowIsExplained in both languages, in other words than its key.
func TestEveryRowIsExplained(t *testing.T) {
	t.Parallel()
	all := tables()
	all["file3"], all["file1"], all["resource3"], all["resource1"] = fileV3(), fileV1(), resourceV3(), resourceV1()
	all["action"] = actionsField().elem.elem.obj
	for name, table := range all {
		eachObject(table, func(o *object) {
			for _, f := range o.fields {
				if f.about.en == "" || f.about.zh == "" {
					t.Errorf("%s: %s of %s isn't explained: %+v", name, f.key, o.title, f.about)
					continue
				}
				if !strings.ContainsFunc(f.about.zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }) && f.key != "mode" {
					t.Errorf("%s: %s: no Chinese in %q", name, f.key, f.about.zh)
				}
				if regexp.MustCompile(`\p{Han}`).MatchString(f.about.en) || len(f.about.en) > 160 {
					t.Errorf("%s: %s: %q", name, f.key, f.about.en)
				}
			}
		})
	}
}

// TestPresetsFit: the default of a row is a value that the row takes.
func TestPresetsFit(t *testing.T) {
	t.Parallel()
	for name, table := range tables() {
		eachObject(table, func(o *object) {
			for _, f := range o.fields {
				if f.preset == "" || f.key == "region" {
					continue
				}
				line := f.key + ": " + f.preset
				var v map[string]any
				if err := yaml.Unmarshal([]byte(line), &v); err != nil {
					t.Errorf("%s: %q: %v", name, line, err)
					continue
				}
				got, _ := json.Marshal(v[f.key])
				want, _ := json.Marshal(f.presetValue())
				if d := cmp.Diff(strings.Trim(string(want), `"'`), strings.Trim(string(got), `"`)); d != "" {
					t.Errorf("%s: %s: %s", name, f.key, d)
				}
				if len(f.enum) > 0 && !slices.Contains(f.enum, f.preset) {
					t.Errorf("%s: %s: the default %s isn't allowed", name, f.key, f.preset)
				}
			}
		})
	}
}
