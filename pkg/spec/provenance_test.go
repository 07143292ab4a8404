package spec

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listed shows the values of a project, a line each.
func listed(p *Project, prefix string) []string {
	var lines []string
	for v := range p.Values() {
		if !strings.HasPrefix(v.Path, prefix) {
			continue
		}
		line := fmt.Sprintf("%s=%v @%d:%d", v.Path, v.Value, v.Range.Start.Line, v.Range.Start.Column)
		if v.Expression != "" {
			line += " " + v.Expression
		}
		if v.Origin.Start.Line > 0 {
			line += fmt.Sprintf(" from %d:%d", v.Origin.Start.Line, v.Origin.Start.Column)
		}
		if v.Secret {
			line += " secret"
		}
		if v.Pending {
			line += " pending"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestValues(t *testing.T) {
	text := `edition: 3.0.0
name: app-${vars.n}
access: prod
vars:
  n: 5
  map: {k: v, odd key: [1, true, ~]}
  empty: {}
  copy: ${vars.map}
resources:
  web:
    component: fc3
    vars: {x: 1}
    actions:
      pre-deploy: [{run: "echo ${vars.n}"}]
    props:
      region: cn-hangzhou
      functionName: ${vars.map.k}
      runtime: custom
      code: ./
      timeout: ${vars.n}
      description: ${config(AccessKeySecret)}
      role: ${this.nope}
      environmentVariables: ${vars.copy}
      tags: [{key: a, value: "${resources.other.output.x}"}]
      logConfig: ${json(config(AccessKeySecret))}
  other: {component: fc3}
actions: {}
`
	p, ds := parse(testOptions(""), "s.yaml", "/project", []byte(text))
	if !ds.HasErrors() {
		t.Fatal("this.nope passed")
	}
	want := []string{
		"name=app-5 @2:7 app-${vars.n}",
		"access=prod @3:9",
		"vars.n=5 @5:6",
		"vars.map.k=v @6:12",
		"vars.map['odd key'][0]=1 @6:25",
		"vars.map['odd key'][1]=true @6:28",
		"vars.map['odd key'][2]=<nil> @6:34",
		"vars.empty=map[] @7:10",
		"vars.copy.k=v @8:9 ${vars.map} from 6:12",
		"vars.copy['odd key'][0]=1 @8:9 ${vars.map} from 6:25",
		"vars.copy['odd key'][1]=true @8:9 ${vars.map} from 6:28",
		"vars.copy['odd key'][2]=<nil> @8:9 ${vars.map} from 6:34",
		"resources.web.component=fc3 @11:16",
		"resources.web.vars.x=1 @12:15",
		`resources.web.actions.pre-deploy[0].run=echo 5 @14:26 echo ${vars.n}`,
		"resources.web.props.region=cn-hangzhou @16:15",
		"resources.web.props.functionName=v @17:21 ${vars.map.k} from 6:12",
		"resources.web.props.runtime=custom @18:16",
		"resources.web.props.code=./ @19:13",
		"resources.web.props.timeout=5 @20:16 ${vars.n} from 5:6",
		"resources.web.props.description=*** @21:20 ${config(AccessKeySecret)} secret",
		"resources.web.props.environmentVariables.k=v @23:29 ${vars.copy} from 6:12",
		"resources.web.props.environmentVariables['odd key'][0]=1 @23:29 ${vars.copy} from 6:25",
		"resources.web.props.environmentVariables['odd key'][1]=true @23:29 ${vars.copy} from 6:28",
		"resources.web.props.environmentVariables['odd key'][2]=<nil> @23:29 ${vars.copy} from 6:34",
		"resources.web.props.tags[0].key=a @24:20",
		"resources.web.props.tags[0].value=${resources.other.output.x} @24:30 ${resources.other.output.x} pending",
		"resources.other.component=fc3 @26:22",
		"actions=map[] @27:10",
	}
	if d := cmp.Diff(want, listed(p, "")); d != "" {
		t.Error(d)
	}
	for v := range p.Values() {
		if v.Range.File != "s.yaml" {
			t.Errorf("%s is in %q", v.Path, v.Range.File)
		}
	}
	n := 0
	for range p.Values() {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("the walk went on to %d", n)
	}
	for range (&Project{}).Values() {
		t.Error("a project of nothing has values")
	}
}

// TestValuesOfEveryFile: all files of testdata have values in the file, without
// secrets; those without errors have what the project has.
func TestValuesOfEveryFile(t *testing.T) {
	for _, dir := range []string{"testdata/ok", "testdata/err"} {
		for _, file := range yamlFiles(t, dir) {
			p, _ := Load(context.Background(), testOptions(file))
			if p == nil {
				continue
			}
			seen := map[string]bool{}
			for v := range p.Values() {
				if seen[v.Path] || v.Range.Start.Line == 0 {
					t.Errorf("%s: %s stands at %v, or twice", file, v.Path, v.Range)
				}
				seen[v.Path] = true
			}
			noSecrets(t, listed(p, "")...)
			list := "resources."
			if p.Edition == Edition1 {
				list = "services."
			}
			for _, r := range p.Resources {
				if dir == "testdata/ok" && len(listed(p, list+r.Name+".props")) == 0 {
					t.Errorf("%s: no values of %s", filepath.Base(file), r.Name)
				}
			}
		}
	}
}
