package control

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLongCodeIsCutOut reads bodies with long code, and compares with what they
// say when parsed as a whole.
func TestLongCodeIsCutOut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("QUJD", longCode/4)
	for name, tc := range map[string]struct {
		body string
		cut  bool
	}{
		"plain":               {`{"a":1,"code":{"zipFile":"` + long + `","checksum":"5"},"b":null,"c":"x"}`, true},
		"spaces":              {"{ \"code\" : {\n\t\"checksum\":\"5\", \"zipFile\" :\r\n \"" + long + "\" } }", true},
		"short":               {`{"code":{"zipFile":"QUJD"}}`, false},
		"escaped":             {`{"code":{"zipFile":"` + long + `\/"}}`, false},
		"twice":               {`{"code":{"zipFile":"` + long + `"},"environmentVariables":{"zipFile":"x"}}`, false},
		"elsewhere":           {`{"environmentVariables":{"zipFile":"` + long + `"},"code":{}}`, false},
		"at the top":          {`{"zipFile":"` + long + `"}`, false},
		"in a text":           {`{"description":"\"zipFile\":\"` + long + `\""}`, false},
		"a key that ends so":  {`{"a\"zipFile":"` + long + `"}`, false},
		"a value of the name": {`{"a":"zipFile","b":"` + long + `"}`, false},
		"not text":            {`{"code":{"zipFile":1},"a":"` + long + `"}`, false},
		"cut off":             {`{"code":{"zipFile":"` + long, false},
		"broken behind":       {`{"code":{"zipFile":"` + long + `"}`, false},
		"none":                {`{"a":"` + long + `"}`, false},
	} {
		got := fields{}
		zip := got.cut([]byte(tc.body))
		if (zip != nil) != tc.cut {
			t.Errorf("%s: cut %t", name, zip != nil)
			continue
		}
		if !tc.cut {
			if len(got) > 0 {
				t.Errorf("%s: left %d fields", name, len(got))
			}
			continue
		}
		want := fields{}
		if err := json.Unmarshal([]byte(tc.body), &want); err != nil {
			t.Fatal(err)
		}
		want.given()
		var a, b codeInput
		for f, in := range map[*codeInput]fields{&a: got, &b: want} {
			if given, err := in.take("code", f); !given || err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if a.ZipFile, _ = decodeZip(zip); !cmp.Equal(a, b) || !cmp.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
