package spec

import "testing"

// TestAccessOfASource: an access that names a source of credentials is a name, in
// the file and in ${this.access}; everything else with ${} is an expression.
func TestAccessOfASource(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"${aliyun-cli}": "${aliyun-cli}", "${aliyun-cli:work}": "${aliyun-cli:work}", "${oidc}": "${oidc}",
		"${ecs-ram-role}": "${ecs-ram-role}", "${vars.alias}": "prod", "local": "local",
	} {
		p, ds := load(t, "access: \""+text+"\"\nvars: {alias: prod}\n"+with3("description: ${this.access}"))
		if len(ds) > 0 || p.Access != want || p.Resources[0].Function.Description != want {
			t.Errorf("%s is %q, in a resource %q: %v", text, p.Access, p.Resources[0].Function.Description, ds)
		}
	}
	for _, text := range []string{"${oidcc}", "${aliyun-cli:}", "x${oidc}"} {
		if _, ds := load(t, "access: \""+text+"\"\n"+with3()); !ds.HasErrors() {
			t.Errorf("%s is an alias", text)
		}
	}
	// Elsewhere they mean nothing.
	if _, ds := load(t, with3("description: ${oidc}")); !ds.HasErrors() {
		t.Error("${oidc} in props is an alias")
	}
}
