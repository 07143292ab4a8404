package deploy

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v3"

	"s/pkg/fc"
	"s/pkg/iostreams"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// state is how testdata writes desired and actual states.
type state struct {
	Service  *fc.Service  `json:"service"`
	Function *fc.Function `json:"function"`
	Triggers []fc.Trigger `json:"triggers"`
	Code     *Archive     `json:"code"`
}

func readState(t *testing.T, data []byte) state {
	t.Helper()
	var generic any
	if err := yaml.Unmarshal(data, &generic); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(generic)
	if err != nil {
		t.Fatal(err)
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s state) desired() Desired {
	d := Desired{Resource: "hello", Region: "cn-hangzhou", Service: s.Service, Function: *s.Function, Triggers: s.Triggers, Code: s.Code}
	d.normalise()
	return d
}

func (s state) actual() Actual {
	return Actual{Service: s.Service, Function: s.Function, Triggers: s.Triggers}
}

// Every file of testdata/plan holds a desired state, an actual one and the plan
// as it is shown.
func TestPlan(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/plan/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]*txtar.File{}
			for i := range archive.Files {
				parts[archive.Files[i].Name] = &archive.Files[i]
			}
			desired := readState(t, parts["desired.yaml"].Data)
			actual := readState(t, parts["actual.yaml"].Data)
			io, _, _, _ := iostreams.Test()
			got := Render([]*Changes{Plan(desired.desired(), actual.actual())}, io)
			if *update {
				parts["want"].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(parts["want"].Data), got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			for line := range strings.Lines(got) {
				if n := len([]rune(strings.TrimRight(line, "\n"))); n > iostreams.DefaultWidth {
					t.Errorf("%d columns: %s", n, line)
				}
			}
		})
	}
}

// What a plan would write, applied to an empty endpoint, must not differ when
// it is read again.
func TestPlanOfWhatIsDeployedIsEmpty(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/plan/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		desired := readState(t, archive.Files[0].Data).desired()
		if desired.Code != nil && desired.Code.Checksum == "" {
			continue // code from OSS always differs
		}
		function := desired.creatable()
		if desired.Code != nil {
			function.CodeChecksum = desired.Code.Checksum
		}
		actual := Actual{Service: desired.Service, Function: &function, Triggers: desired.Triggers}
		if plan := Plan(desired, actual); !plan.Empty() {
			t.Errorf("%s: %+v", file, plan.Items)
		}
	}
}

func TestSecretsNeverReachThePlan(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{
		"API_KEY": "sesame-1", "MY_SECRET": "sesame-2", "DB_PASSWORD": "sesame-3", "GH_TOKEN": "sesame-4",
		"db_passwd": "sesame-5", "AWS_CREDENTIALS": "sesame-6", "DATABASE_URL": "postgres://me:sesame-7@db/x",
	}
	desired := Desired{Resource: "hello", Function: fc.Function{FunctionName: "f", Runtime: "custom", EnvironmentVariables: secrets}}
	old := map[string]string{}
	for k, v := range secrets {
		old[k] = strings.Replace(v, "sesame", "sesame-old", 1)
	}
	io, _, _, _ := iostreams.Test()
	for name, actual := range map[string]Actual{
		"create": {},
		"update": {Function: &fc.Function{Runtime: "custom", EnvironmentVariables: old}},
		"delete": {Function: &fc.Function{Runtime: "custom", EnvironmentVariables: map[string]string{"OTHER_KEY": "sesame"}}},
	} {
		plan := Plan(desired, actual)
		data, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		text := Render([]*Changes{plan}, io) + string(data) + fmt.Sprintf("%v", plan.Items)
		if strings.Contains(text, "sesame") {
			t.Errorf("%s: a secret is shown: %s", name, text)
		}
		if !strings.Contains(text, "API_KEY") {
			t.Errorf("%s: the variable itself is not shown: %s", name, text)
		}
	}
}

func TestMaskVariable(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, want string }{
		{"LOG_LEVEL", "debug", "debug"},
		{"API_KEY", "x", Masked},
		{"apiToken", "x", Masked},
		{"URL", "https://example.test/a@b", "https://example.test/a@b"},
		{"URL", "redis://:pw@host:1/0", "redis://:***@host:1/0"},
		{"URL", "mysql://u:p@ss:w@host/db", "mysql://u:***@host/db"},
		{"URL", "https://u@host", "https://u@host"},
		{"URL", "bad://u:p%zz@host", Masked},
	}
	for _, tt := range tests {
		if got := MaskVariable(tt.name, tt.value); got != tt.want {
			t.Errorf("MaskVariable(%s, %s) = %s, want %s", tt.name, tt.value, got, tt.want)
		}
	}
}

func TestPlanJSON(t *testing.T) {
	t.Parallel()
	desired := Desired{Resource: "hello", Region: "r", Function: fc.Function{FunctionName: "f", Timeout: 10}, Code: &Archive{Checksum: "2", Size: 9}}
	plan := Plan(desired, Actual{
		Function: &fc.Function{FunctionName: "f", Timeout: 3, CodeChecksum: "1"},
		Triggers: []fc.Trigger{{TriggerName: "extra"}},
	})
	data, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"resource":"hello","region":"r","changes":[{"action":"update","kind":"function","name":"f",` +
		`"fields":[{"path":"timeout","old":3,"new":10}],"code":{"old":"1","new":"2","size":9}}],"unmanaged":["extra"]}`
	if string(data) != want {
		t.Errorf("got %s\nwant %s", data, want)
	}
}

func TestRenderKeepsToTheWidth(t *testing.T) {
	t.Parallel()
	io, _, _, _ := iostreams.Test()
	io.SetColorEnabled(true)
	desired := Desired{Resource: "hello", Region: "r", Function: fc.Function{FunctionName: strings.Repeat("n", 100), Description: strings.Repeat("宽", 100)}}
	text := Render([]*Changes{Plan(desired, Actual{})}, io)
	if !strings.Contains(text, "\x1b[32m+ function nnn") || !strings.Contains(text, "…") {
		t.Errorf("no colour or no cut: %q", text)
	}
	if !strings.HasSuffix(text, "Plan: 1 to create, 0 to update, 0 to delete.\n") {
		t.Errorf("no summary: %q", text)
	}
}

func TestGlyphs(t *testing.T) {
	t.Parallel()
	for action, want := range map[Action]string{Create: "+", Update: "~", Delete: "-", None: " "} {
		if got := action.Glyph(); got != want {
			t.Errorf("%s: %q", action, got)
		}
	}
}

func TestWantPutsTheUsersVariablesOver(t *testing.T) {
	t.Parallel()
	merged := overlay(map[string]string{"PATH": "/code", "A": "1"}, map[string]string{"A": "2"})
	if d := cmp.Diff(map[string]string{"PATH": "/code", "A": "2"}, merged); d != "" {
		t.Error(d)
	}
}
