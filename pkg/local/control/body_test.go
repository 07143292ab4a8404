package control

import (
	"bytes"
	"encoding/base64"
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

// TestDecodeZip: what is decoded piece by piece, in place, is what the standard
// library makes of it.
func TestDecodeZip(t *testing.T) {
	t.Parallel()
	data := make([]byte, 3*decodePiece+1)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	for _, n := range []int{0, 1, 2, 3, decodePiece/4*3 - 1, decodePiece / 4 * 3, decodePiece/4*3 + 1, len(data)} {
		got, err := decodeZip([]byte(base64.StdEncoding.EncodeToString(data[:n])))
		if err != nil || !bytes.Equal(got, data[:n]) {
			t.Errorf("%d bytes: %v, %d came back", n, err, len(got))
		}
	}
	long := base64.StdEncoding.EncodeToString(data)
	for _, bad := range []string{"a", "ab", "abc", "!!!!", "ab==ab==", long[:decodePiece-4] + "ab==" + long[decodePiece:], long[:decodePiece] + "\n" + long[decodePiece:], long[:len(long)-1]} {
		if got, err := decodeZip([]byte(bad)); err == nil {
			t.Errorf("%.20q (%d) gave %d bytes", bad, len(bad), len(got))
		}
	}
	var zip base64Bytes
	if err := json.Unmarshal([]byte(`"YWJj\r\nZGVm\nZw=="`), &zip); err != nil || string(zip) != "abcdefg" {
		t.Errorf("lines: %v %q", err, zip)
	}
}
