package fctest

import (
	"encoding/base64"
	"encoding/json"
	"hash/crc64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"s/pkg/fc"
)

// layerPage is how many versions or layers the server gives at once, whatever the
// limit, so that clients must follow.
const layerPage = 2

// layerState is a layer: its versions by number, and the number of the newest that
// ever was.
type layerState struct {
	versions []map[string]any
	last     int
	public   bool
	code     map[int][]byte
}

// layer serves the operations on layers of either API version.
func (s *Server) layer(w http.ResponseWriter, call Call, v2 bool, parts []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	query, _ := url.ParseQuery(call.Query)
	if parts[0] == "layerarn" {
		text, _ := url.PathUnescape(parts[1])
		arn, err := fc.ParseLayerARN(text)
		if err != nil {
			refuse(w, http.StatusBadRequest, fc.CodeInvalidArgument, err.Error())
			return
		}
		s.layerVersion(w, call, v2, arn.Name, arn.Version)
		return
	}
	switch {
	case len(parts) == 1:
		s.layerList(w, v2, query)
	case parts[2] == "acl":
		l := s.layers[parts[1]]
		if l == nil || len(l.versions) == 0 {
			refuse(w, http.StatusNotFound, "LayerNotFound", "layer does not exist")
			return
		}
		l.public = query.Get("acl") == "1" || v2 && query.Get("public") == "true"
		w.WriteHeader(http.StatusNoContent)
	case len(parts) == 3 && call.Method == http.MethodPost:
		s.publishLayer(w, call, v2, parts[1])
	case len(parts) == 3:
		s.layerVersions(w, v2, parts[1], query)
	default:
		n, _ := strconv.Atoi(parts[3])
		s.layerVersion(w, call, v2, parts[1], n)
	}
}

func (s *Server) publishLayer(w http.ResponseWriter, call Call, v2 bool, name string) {
	var in struct {
		Code              struct{ ZipFile string } // or code
		Description       string
		CompatibleRuntime []string
		License           string
	}
	json.Unmarshal(call.Body, &in)
	data, err := base64.StdEncoding.DecodeString(in.Code.ZipFile)
	if err != nil || len(data) == 0 {
		refuse(w, http.StatusBadRequest, fc.CodeInvalidArgument, "code is required")
		return
	}
	if s.layers[name] == nil {
		s.layers[name] = &layerState{code: map[int][]byte{}}
	}
	l := s.layers[name]
	l.last++
	v := map[string]any{
		"layerName": name, "version": l.last, "description": in.Description, "compatibleRuntime": in.CompatibleRuntime, "codeSize": len(data),
		"codeChecksum": strconv.FormatUint(crc64.Checksum(data, crc64.MakeTable(crc64.ECMA)), 10), "createTime": timestamp, "license": in.License,
	}
	l.versions, l.code[l.last] = append(l.versions, v), data
	reply(w, http.StatusOK, s.layerShape(v, v2))
}

// layerShape is a version as an API version shows it.
func (s *Server) layerShape(v map[string]any, v2 bool) map[string]any {
	out := maps.Clone(v)
	name := v["layerName"].(string)
	arn := fc.LayerARN{Region: "r", Account: AccountID, Name: name, Version: v["version"].(int)}
	acl := 0
	if s.layers[name].public {
		acl = 1
	}
	out["code"] = map[string]any{"location": s.URL + "/download/" + name + "/" + strconv.Itoa(arn.Version), "repositoryType": "OSS"}
	if v2 {
		out["acl"], out["arn"], out["arnV2"] = acl, arn.Old(), arn.String()
		return out
	}
	out["acl"], out["layerVersionArn"] = strconv.Itoa(acl), arn.String()
	return out
}

func (s *Server) layerVersion(w http.ResponseWriter, call Call, v2 bool, name string, n int) {
	l := s.layers[name]
	i := -1
	if l != nil {
		i = slices.IndexFunc(l.versions, func(v map[string]any) bool { return v["version"] == n })
	}
	switch {
	case i < 0:
		refuse(w, http.StatusNotFound, "LayerVersionNotFound", "layer version does not exist")
	case call.Method == http.MethodDelete:
		l.versions = slices.Delete(l.versions, i, i+1)
		w.WriteHeader(http.StatusNoContent)
	default:
		reply(w, http.StatusOK, s.layerShape(l.versions[i], v2))
	}
}

func (s *Server) layerVersions(w http.ResponseWriter, v2 bool, name string, query url.Values) {
	start, _ := strconv.Atoi(query.Get("startVersion"))
	page := []any{}
	out := map[string]any{}
	if l := s.layers[name]; l != nil {
		for _, v := range l.versions {
			if v["version"].(int) < start {
				continue
			}
			if len(page) == layerPage {
				out["nextVersion"] = v["version"]
				break
			}
			page = append(page, s.layerShape(v, v2))
		}
	}
	out["layers"] = page
	reply(w, http.StatusOK, out)
}

func (s *Server) layerList(w http.ResponseWriter, v2 bool, query url.Values) {
	var names []string
	for name, l := range s.layers {
		if len(l.versions) > 0 && strings.HasPrefix(name, query.Get("prefix")) && name >= query.Get("nextToken") &&
			(query.Get("public") != "true" || l.public) && query.Get("official") != "true" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	out := map[string]any{}
	if len(names) > layerPage {
		out["nextToken"], names = names[layerPage], names[:layerPage]
	}
	page := []any{}
	for _, name := range names {
		versions := s.layers[name].versions
		page = append(page, s.layerShape(versions[len(versions)-1], v2))
	}
	out["layers"] = page
	reply(w, http.StatusOK, out)
}

// downloadLayer serves what a version's code.location says, to everybody.
func (s *Server) downloadLayer(w http.ResponseWriter, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, version, _ := strings.Cut(strings.TrimPrefix(path, "/download/"), "/")
	n, _ := strconv.Atoi(version)
	l := s.layers[name]
	if l == nil || l.code[n] == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Write(l.code[n])
}
