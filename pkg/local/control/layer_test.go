package control

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"s/pkg/local/store"
)

const (
	layerL   = "/2023-03-30/layers/l"
	layerOld = "/2021-04-06/layers/l"
	arnOfL   = "acs:fc:" + testRegion + ":" + testAccount + ":layers/l/versions/"
)

func (w *world) layer(name, content string) got {
	w.t.Helper()
	body := with(map[string]any{"compatibleRuntime": []string{"python3.10"}, "description": "d", "license": "MIT"},
		map[string]any{"code": map[string]any{"zipFile": zipOf(w.t, content)}})
	return w.do("POST", "/2023-03-30/layers/"+name+"/versions", body).is(200)
}

func TestLayerVersions(t *testing.T) {
	w := newWorld(t)
	w.do("GET", layerL+"/versions?limit=100&startVersion=1", "").is(200).has("layers", []any{})
	made := w.layer("l", "1")
	for _, g := range []got{made, w.do("GET", layerL+"/versions/1", ""), w.do("GET", "/2023-03-30/layerarn/"+url.PathEscape(arnOfL+"1"), "")} {
		g.is(200).has("layerName", "l").has("version", 1).has("layerVersionArn", arnOfL+"1").has("description", "d").has("license", "MIT").
			has("compatibleRuntime", []string{"python3.10"}).has("acl", "0").has("createTime", "2026-01-02T03:04:05Z").has("code.repositoryType", "OSS")
	}
	archive := decode(t, zipOf(t, "1"))
	response, err := http.Get(made.at("code.location").(string))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || !bytes.Equal(body, archive) {
		t.Errorf("the download has %d bytes, %v", len(body), err)
	}
	made.has("codeSize", len(archive))
	for i := 2; i <= 5; i++ {
		w.layer("l", fmt.Sprint(i)).has("version", i)
	}
	w.do("DELETE", layerL+"/versions/3", "").is(204)
	w.do("GET", layerL+"/versions/3", "").is(404, "LayerVersionNotFound")
	w.do("DELETE", layerL+"/versions/3", "").is(404, "LayerVersionNotFound")
	page := w.do("GET", layerL+"/versions?limit=2&startVersion=2", "").is(200).has("nextVersion", 5)
	if n := len(page.at("layers").([]any)); n != 2 {
		t.Errorf("%d on the page", n)
	}
	if last := w.do("GET", layerL+"/versions?limit=2&startVersion=5", "").is(200); last.at("nextVersion") != nil || len(last.at("layers").([]any)) != 1 {
		t.Errorf("%s", last.body)
	}
	w.do("DELETE", layerL+"/versions/5", "").is(204)
	w.layer("l", "6").has("version", 6)
}

func TestLayerRefusals(t *testing.T) {
	w := newWorld(t)
	code := map[string]any{"code": map[string]any{"zipFile": zipOf(t, "x")}}
	for what, body := range map[string]string{
		"no code":           `{}`,
		"code is required":  `{"code":null}`,
		"base64":            `{"code":{"zipFile":"?"}}`,
		"not a usable zip":  `{"code":{"zipFile":"` + base64.StdEncoding.EncodeToString([]byte("x")) + `"}}`,
		"compatibleRuntime": with(code, map[string]any{"compatibleRuntime": []string{"cobol"}}),
		"can't be":          with(code, map[string]any{"compatibleRuntime": "python3.10"}),
		"description":       with(code, map[string]any{"description": strings.Repeat("ü", 257)}),
		"checksum":          with(nil, map[string]any{"code": map[string]any{"zipFile": zipOf(t, "x"), "checksum": "1"}}),
	} {
		g := w.do("POST", layerL+"/versions", body).is(400, "InvalidArgument")
		if what != "no code" {
			g.says(what)
		}
	}
	w.do("POST", layerL+"/versions", `{"code":{"ossBucketName":"b","ossObjectName":"o"}}`).is(400, "InvalidArgument")
	for _, name := range []string{"1l", "l.l", "%C3%BC", strings.Repeat("l", 65)} {
		w.do("POST", "/2023-03-30/layers/"+name+"/versions", with(code, nil)).is(400, "InvalidArgument").says("layerName")
	}
	w.do("GET", layerL+"/versions/one", "").is(400, "InvalidArgument")
	w.do("GET", layerL+"/versions/1", "").is(404, "LayerVersionNotFound")
	w.do("GET", layerL+"/versions?limit=0", "").is(400, "InvalidArgument")
	w.do("GET", layerL+"/versions?startVersion=x", "").is(400, "InvalidArgument")
	w.do("GET", "/2023-03-30/layers?limit=101", "").is(400, "InvalidArgument")
	w.do("GET", "/2023-03-30/layerarn/none", "").is(400, "InvalidArgument").says("is not of the form")
	w.do("GET", "/2023-03-30/layerarn/"+url.PathEscape("acs:fc:cn-hangzhou:official:layers/Python39/versions/2"), "").is(501).says("Python39")
	w.do("GET", "/2023-03-30/layerarn/"+url.PathEscape(arnOfL+"1"), "").is(404, "LayerVersionNotFound")
}

// hostile is an archive with one entry, which says that it has that size.
func hostile(t *testing.T, name, content string, mode fs.FileMode, size ...uint64) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name}
	h.SetMode(mode)
	create := z.CreateHeader
	if len(size) > 0 {
		h.UncompressedSize64, create = size[0], z.CreateRaw
	}
	f, err := create(h)
	if err == nil {
		_, err = io.WriteString(f, content)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestHostileLayersAreRefused(t *testing.T) {
	w := newWorld(t)
	for what, text := range map[string]string{
		"leads out": hostile(t, "../../evil", "x", 0o644),
		"out of":    hostile(t, "/etc/evil", "x", 0o644),
		"more than": hostile(t, "bomb", "x", 0o644, 300<<20),
	} {
		w.do("POST", layerL+"/versions", `{"code":{"zipFile":"`+text+`"}}`).is(400, "InvalidArgument").says(what)
	}
	w.do("GET", "/2023-03-30/layers", "").is(200).has("layers", []any{})
}

func TestListLayersAndACL(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"b", "ab", "aa"} {
		w.layer(name, "1")
	}
	w.layer("ab", "2")
	w.do("PUT", "/2023-03-30/layers/ab/acl?acl=1", "").is(204)
	names := func(query string) string {
		g := w.do("GET", "/2023-03-30/layers?"+query, "").is(200)
		var out []string
		for _, one := range g.at("layers").([]any) {
			l := one.(map[string]any)
			out = append(out, fmt.Sprintf("%s:%v:%v", l["layerName"], l["version"], l["acl"]))
		}
		if g.at("nextToken") != nil {
			out = append(out, "more")
		}
		return strings.Join(out, " ")
	}
	for query, want := range map[string]string{
		"":                                     "aa:1:0 ab:2:1 b:1:0",
		"limit=20&official=false&public=false": "aa:1:0 ab:2:1 b:1:0",
		"prefix=a":                             "aa:1:0 ab:2:1",
		"public=true":                          "ab:2:1",
		"official=true":                        "",
		"limit=1":                              "aa:1:0 more",
		"startKey=ab":                          "ab:2:1 b:1:0",
	} {
		if got := names(query); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	next := w.do("GET", "/2023-03-30/layers?limit=2", "").at("nextToken").(string)
	if got := names("limit=2&nextToken=" + next); got != "b:1:0" {
		t.Errorf("the second page is %s", got)
	}
	w.do("PUT", "/2021-04-06/layers/ab/acl?public=false", "").is(204)
	w.do("GET", "/2023-03-30/layers/ab/versions/1", "").is(200).has("acl", "0")
	for _, query := range []string{"", "?acl=2", "?public=maybe"} {
		w.do("PUT", "/2023-03-30/layers/ab/acl"+query, "").is(400, "InvalidArgument")
	}
	w.do("PUT", "/2023-03-30/layers/none/acl?acl=1", "").is(404, "LayerNotFound")
}

func TestFunctionsHaveLayers(t *testing.T) {
	w := newWorld(t)
	size := w.layer("l", "1").at("codeSize")
	w.layer("l", "2")
	layers := func(arns ...any) string { return with(w.minimal("f"), map[string]any{"layers": arns}) }
	w.do("POST", "/2023-03-30/functions", layers(arnOfL+"2", arnOfL+"1")).is(200)
	w.do("GET", "/2023-03-30/functions/f", "").is(200).
		has("layers", []any{map[string]any{"arn": arnOfL + "2", "size": size}, map[string]any{"arn": arnOfL + "1", "size": size}})
	w.do("PUT", "/2023-03-30/functions/f", `{"description":"x","layers":null}`).is(200).shows(arnOfL + "2")
	w.do("PUT", "/2023-03-30/functions/f", `{"layers":["`+arnOfL+`1"]}`).is(200).has("layers", []any{map[string]any{"arn": arnOfL + "1", "size": size}})

	// A version that is deleted stays with those who have it.
	w.do("DELETE", layerL+"/versions/1", "").is(204)
	w.do("PUT", "/2023-03-30/functions/f", `{"layers":[{"arn":"`+arnOfL+`1"},"`+arnOfL+`2"]}`).is(200)
	stored, err := w.store.Function(testRegion, "f")
	if err != nil {
		t.Fatal(err)
	}
	if dir, release, err := w.store.OpenLayers(stored.LayerCode); err != nil || len(stored.LayerCode) != 2 {
		t.Errorf("%v %+v", err, stored.LayerCode)
	} else if release(); dir == "" {
		t.Error("no folder")
	}
	w.do("POST", "/2023-03-30/functions", with(w.minimal("g"), map[string]any{"layers": []string{arnOfL + "1"}})).is(404, "LayerVersionNotFound")
	w.do("PUT", "/2023-03-30/functions/f", `{"layers":[]}`).is(200).has("layers", nil)
	w.do("PUT", "/2023-03-30/functions/f", `{"layers":["`+arnOfL+`1"]}`).is(404, "LayerVersionNotFound")
}

func TestRefusedLayersOfFunctions(t *testing.T) {
	w := newWorld(t)
	w.layer("l", "1")
	own := arnOfL + "1"
	for _, tt := range []struct {
		layers any
		status int
		says   string
	}{
		{[]string{own, own, own, own, own, own}, 400, "the limit is 5"},
		{"x", 400, "layers"},
		{[]any{1}, 400, "list of ARNs"},
		{[]string{"l"}, 400, "is not of the form"},
		{[]string{"acs:fc:cn-hangzhou:official:layers/Python39/versions/2"}, 501, "layer 'acs:fc:cn-hangzhou:official:layers/Python39/versions/2', one that Function Compute itself publishes"},
		{[]string{"acs:fc:cn-hangzhou:1:layers/l/versions/1"}, 404, "layers are acs:fc:cn-hangzhou:" + testAccount},
		{[]string{"acs:fc:cn-beijing:" + testAccount + ":layers/l/versions/1"}, 404, "cn-beijing"},
		{[]string{arnOfL + "2"}, 404, "l/versions/2"},
	} {
		w.do("POST", "/2023-03-30/functions", with(w.minimal("f"), map[string]any{"layers": tt.layers})).is(tt.status).says(tt.says)
	}
	w.do("POST", "/2023-03-30/functions", `{"functionName":"c","runtime":"custom-container","customContainerConfig":{"image":"i"},"layers":["`+own+`"]}`).
		is(400, "InvalidArgument").says("can't have layers")
}

func TestLayersV2(t *testing.T) {
	w := newWorld(t)
	w.do("POST", layerOld+"/versions", `{"Code":{"zipFile":"`+zipOf(t, "1")+`"},"compatibleRuntime":["nodejs18"]}`).is(200).
		has("arn", testAccount+"#l#1").has("arnV2", arnOfL+"1").has("acl", 0).has("version", 1)
	w.do("GET", "/2016-08-15/layers", "").is(200).shows(`"arnV2":"` + arnOfL + `1"`)
	w.do("GET", "/2016-08-15/layerarn/"+url.PathEscape(testAccount+"#l#1"), "").is(200).has("layerName", "l")
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	const functions = "/2021-04-06/services/svc/functions"
	for i, arn := range []string{testAccount + "#l#1", arnOfL + "1"} {
		name := fmt.Sprintf("f%d", i)
		w.do("POST", functions, with(w.minimal(name), map[string]any{"layers": []string{arn}})).is(200).
			has("layers", []string{testAccount + "#l#1"}).has("layersArnV2", []string{arnOfL + "1"})
		w.do("GET", "/2023-03-30/functions/svc%24"+name, "").is(200).shows(`"arn":"` + arnOfL + `1"`)
	}
	seen := w.do("GET", functions+"/f0", "").is(200)
	w.do("PUT", functions+"/f0", string(seen.body)).is(200).has("layersArnV2", []string{arnOfL + "1"})
	w.do("PUT", functions+"/f0", `{"layers":[]}`).is(200).has("layers", nil).has("layersArnV2", nil)
}

// Functions are made of a layer that is being deleted: they have its code, or are
// refused.
func TestLayersOfFunctionsRace(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	for i := range 6 {
		n := w.layer("l", fmt.Sprint(i)).at("version")
		arn := fmt.Sprintf("%s%v", arnOfL, n)
		name := fmt.Sprintf("f%d", i)
		wg.Go(func() {
			g := w.do("POST", "/2023-03-30/functions", with(w.minimal(name), map[string]any{"layers": []string{arn}}))
			if g.status == 404 {
				return
			}
			g.is(200)
			f, err := w.store.Function(testRegion, name)
			if err != nil {
				t.Error(err)
				return
			}
			_, release, err := w.store.OpenLayers(f.LayerCode)
			if err != nil {
				t.Errorf("%s has lost its layer: %v", name, err)
				return
			}
			release()
		})
		wg.Go(func() { w.do("DELETE", fmt.Sprintf("%s/versions/%v", layerL, n), "").is(204) })
	}
	wg.Wait()
}

// A layer's archive can come from an object, too, and stays when that goes.
func TestLayerFromAnObject(t *testing.T) {
	w := newWorld(t)
	archive := decode(t, zipOf(t, "x = 1"))
	w.upload("code-bucket", "1/layer.zip", archive)
	const body = `"ossBucketName":"code-bucket","ossObjectName":"1/layer.zip"`
	w.do("POST", layerL+"/versions", `{"code":{`+body+`,"checksum":"0"}}`).is(400, "InvalidArgument").says("checksum mismatch")
	w.do("POST", layerL+"/versions", `{"code":{`+body+`},"compatibleRuntime":["python3.10"]}`).is(200).has("version", 1).has("codeSize", len(archive))
	w.do("POST", layerOld+"/versions", `{"Code":{`+body+`}}`).is(200).has("version", 2).has("codeChecksum", store.Checksum(archive))
	if _, err := w.store.DeleteObject("code-bucket", "1/layer.zip"); err != nil {
		t.Fatal(err)
	}
	v, err := w.store.LayerVersion(testRegion, "l", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, release, err := w.store.OpenLayers([]store.Code{v.Code}); err != nil {
		t.Error(err)
	} else {
		release()
	}
}
