package control

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"s/pkg/local/store"
)

// TestWaysToGiveCode: every spelling of base64 and of the checksum that clients
// use, and those that are refused.
func TestWaysToGiveCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	zip := zipOf(t, "print(1)")
	sum := store.Checksum(decode(t, zip))
	escaped := strings.ReplaceAll(strings.ReplaceAll(zip, "/", `\/`), "A", `\u0041`)
	quote := func(text string) string { return `{"code":{"zipFile":"` + text + `"}}` }
	for _, tt := range []struct {
		name, body, header string
		status             int
		says               string
	}{
		{"plain", quote(zip), "", 200, ""},
		{"escaped", quote(escaped), "", 200, ""},
		{"in lines", quote(zip[:76] + `\r\n` + zip[76:] + `\n`), "", 200, ""},
		{"with its checksum", `{"code":{"zipFile":"` + zip + `","checksum":"` + sum + `"}}`, "", 200, ""},
		{"with another checksum", `{"code":{"zipFile":"` + zip + `","checksum":"0"}}`, "", 400, "the archive has " + sum + ", the request says 0"},
		{"nothing", `{"code":{}}`, "", 200, ""},
		{"null", `{"code":null}`, "", 200, ""},
		{"null inside", `{"code":{"zipFile":null}}`, "", 200, ""},
		{"without padding", quote(strings.TrimRight(zip, "=") + "A"), "", 400, "not base64"},
		{"of URLs", quote("_-__"), "", 400, "not base64"},
		{"empty", quote(""), "", 400, "not a usable zip archive"},
		{"bad escape", quote(`\x`), "", 400, "not valid JSON"},
		{"number", `{"code":{"zipFile":7}}`, "", 400, "field 'code.zipFile' must be a string"},
		{"list", `{"code":[]}`, "", 400, "field 'code' can't be a array"},
		{"checksum number", `{"code":{"zipFile":"` + zip + `","checksum":7}}`, "", 400, "field 'code.checksum'"},
		{"object storage", `{"code":{"ossBucketName":"b","ossObjectName":"o"}}`, "", 400, "object 'o' of bucket 'b' does not exist"},
		{"half of object storage", `{"code":{"ossObjectName":"o"}}`, "", 400, "both ossBucketName and ossObjectName"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, path := range []string{"/2023-03-30/functions/f", "/2021-04-06/services/svc/functions/f", "/2016-08-15/services/svc/functions/f"} {
				g := w.do("PUT", path, tt.body).is(tt.status).says(tt.says)
				if tt.status == 200 && strings.Contains(tt.body, `"zipFile":"`) {
					g.has("codeChecksum", sum).has("codeSize", len(decode(t, zip)))
				}
			}
		})
	}
	// The header is FC 2.0's, and the document goes first.
	const header = "X-Fc-Code-Checksum: "
	w.do("PUT", viewV2, quote(zip), header+sum).is(200)
	w.do("PUT", viewV2, quote(zip), header+"1").is(400, "InvalidArgument").says("checksum mismatch")
	w.do("PUT", viewV2, `{"code":{"zipFile":"`+zip+`","checksum":"`+sum+`"}}`, header+"1").is(200)
	w.do("PUT", "/2023-03-30/functions/f", quote(zip), header+"1").is(200)
}

// codeURL is the path of the URL that GetFunctionCode gives.
func (w *world) codeURL(function string) string {
	w.t.Helper()
	url, _ := w.do("GET", function+"/code", "").is(200).doc["url"].(string)
	return strings.TrimPrefix(url, w.url)
}

// TestDownloadsAreTheUploads, byte by byte, whole or in parts.
func TestDownloadsAreTheUploads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	for i, function := range []string{"/2023-03-30/functions/f", viewV2, viewV3} {
		zip := zipOf(t, strings.Repeat(fmt.Sprint(i), 1000*i))
		data := decode(t, zip)
		w.do("PUT", function, `{"code":{"zipFile":"`+zip+`"}}`).is(200)
		w.do("GET", function+"/code", "").is(200).has("checksum", store.Checksum(data))
		path := w.codeURL(function)
		g := w.do("GET", path, "").is(200)
		if !bytes.Equal(g.body, data) || g.header.Get("Content-Type") != "application/zip" {
			t.Errorf("%s: %d bytes of %s, want %d", function, len(g.body), g.header.Get("Content-Type"), len(data))
		}
		if part := w.do("GET", path, "", "Range: bytes=2-9").is(206); !bytes.Equal(part.body, data[2:10]) {
			t.Errorf("a part: %q", part.body)
		}
		if head := w.do("HEAD", path, "").is(200); head.header.Get("Content-Length") != fmt.Sprint(len(data)) || len(head.body) > 0 {
			t.Errorf("HEAD: %v", head.header)
		}
	}
}

// TestDownloadsOfSomethingElse: every part of the URL is under its signature.
func TestDownloadsOfSomethingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.populate()
	one := w.codeURL("/2023-03-30/functions/f")
	w.do("PUT", viewV2, `{"code":{"zipFile":"`+zipOf(t, "two")+`"}}`).is(200)
	two := w.codeURL(viewV2)
	name := func(path string) string { return path[len(CodePath):strings.Index(path, "?")] }
	if name(one) == name(two) {
		t.Fatal("two archives have one name")
	}
	for what, path := range map[string]string{
		"another's": strings.Replace(one, name(one), name(two), 1), "a path": strings.Replace(one, name(one), "../state.db?", 1),
		"later": strings.Replace(one, "expires=", "expires=9", 1), "no time": strings.Replace(one, "expires=", "was=", 1),
		"no signature": one[:strings.Index(one, "&signature")], "signature of nothing": one[:strings.Index(one, "&signature")] + "&signature=",
		"cut": one[:len(one)-1], "upper case": one[:len(one)-64] + strings.ToUpper(one[len(one)-64:]), "bare": CodePath,
	} {
		if g := w.do("GET", path, ""); g.status != 403 || g.doc["Code"] != "SignatureNotMatch" {
			t.Errorf("%s (%s): %d %s", what, path, g.status, g.body)
		}
	}
	w.do("DELETE", "/2023-03-30/functions/f/triggers/t", "").is(204)
	for _, owner := range []string{"/2023-03-30/functions/f", "/2021-04-06/services/svc"} { // a version has it, too
		w.do("DELETE", owner+"/aliases/a", "").is(204)
		w.do("DELETE", owner+"/versions/1", "").is(204)
	}
	w.do("DELETE", "/2023-03-30/functions/f", "").is(204)
	w.do("GET", one, "").is(404, "CodeNotFound")
	w.do("GET", two, "").is(200)
}

// TestTheSameCodeIsKeptOnce, for as long as somebody has it.
func TestTheSameCodeIsKeptOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	lists := []string{"/2023-03-30/functions", "/2021-04-06/services/svc/functions", "/2016-08-15/services/svc/functions"}
	for i, list := range lists {
		w.do("POST", list, with(w.minimal(fmt.Sprint("f", i)), nil)).is(200)
	}
	w.do("POST", lists[0], with(w.minimal("f0"), map[string]any{"code": map[string]any{"zipFile": zipOf(t, "refused")}})).is(409)
	if files := w.archives(); len(files) != 1 {
		t.Errorf("archives %v, want one", files)
	}
	w.do("PUT", lists[0]+"/f0", `{"code":{"zipFile":"`+zipOf(t, "another")+`"}}`).is(200)
	for i, want := range []int{1, 1, 0} { // the other one goes first
		w.do("DELETE", lists[i]+fmt.Sprint("/f", i), "").is(204)
		if files := w.archives(); len(files) != want {
			t.Errorf("after f%d: %v, want %d", i, files, want)
		}
	}
}

// TestLimitsOfServicesAndTriggers: 128 characters of few kinds for names, 256
// characters of any kind, not bytes, for descriptions.
func TestLimitsOfServicesAndTriggers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("f")
	const triggers = "/2023-03-30/functions/f/triggers"
	for _, name := range []string{"a", "_", "A-b_9", strings.Repeat("n", 128)} {
		for _, version := range []string{"/2021-04-06", "/2016-08-15"} {
			w.do("POST", version+"/services", `{"serviceName":"`+name+`"}`).is(200)
			w.do("DELETE", version+"/services/"+name, "").is(204)
		}
		w.do("POST", triggers, triggerBody(name)).is(200)
		w.do("DELETE", triggers+"/"+name, "").is(204)
	}
	for _, name := range []string{"", "9a", "-a", "a b", "a.b", "a/b", "ä", "a$b", "服务", strings.Repeat("n", 129)} {
		w.do("POST", "/2021-04-06/services", `{"serviceName":"`+name+`"}`).is(400, "InvalidArgument").says("serviceName")
		w.do("POST", triggers, triggerBody(name)).is(400, "InvalidArgument").says("triggerName")
	}
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	for _, path := range []string{"/2021-04-06/services/svc", "/2023-03-30/functions/f"} {
		for _, letter := range []string{"x", "é", "函", "😀"} {
			long := strings.Repeat(letter, 256)
			w.do("PUT", path, `{"description":"`+long+`"}`).is(200).has("description", long)
			w.do("PUT", path, `{"description":"`+long+letter+`"}`).is(400, "InvalidArgument").says("description has 257 characters, the limit is 256")
		}
	}
}
