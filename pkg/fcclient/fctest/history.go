package fctest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"s/pkg/fc"
)

// history is what a function, or a service of FC 2.0, was published as.
type history struct {
	versions []fc.Version // the newest first
	aliases  []fc.Alias   // by name
	last     int
	copies   map[string]map[string]map[string]any // by version: functions by their path, and the service
}

// Published gives the versions and aliases of a function or service that there are.
func (s *Server) Published(owner string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, kind := range []string{"functions/", "services/"} {
		if h := s.histories[kind+owner]; h != nil {
			for _, v := range h.versions {
				names = append(names, v.VersionID)
			}
			for _, a := range h.aliases {
				names = append(names, a.AliasName)
			}
		}
	}
	return names
}

// published reports whether a function or service has versions or aliases, without
// which the service deletes it.
func (s *Server) published(key string) bool {
	h := s.histories[key]
	return h != nil && len(h.versions)+len(h.aliases) > 0
}

// history serves versions and aliases; parts are the kind and name of what has
// them, and what follows.
func (s *Server) history(w http.ResponseWriter, call Call, parts []string) {
	key := parts[0] + "/" + parts[1]
	switch {
	case parts[0] == "services" && s.services[parts[1]] == nil:
		refuse(w, http.StatusNotFound, fc.CodeServiceNotFound, key+" does not exist")
		return
	case parts[0] == "functions" && s.functions[key] == nil:
		refuse(w, http.StatusNotFound, fc.CodeFunctionNotFound, key+" does not exist")
		return
	}
	h := s.histories[key]
	if h == nil {
		h = &history{copies: map[string]map[string]map[string]any{}}
		s.histories[key] = h
	}
	switch {
	case parts[2] == "aliases":
		h.alias(w, call, parts[3:])
	case call.Method == http.MethodPost:
		h.publish(w, call, s.current(key))
	case len(parts) == 3:
		h.versionPage(w, call)
	default:
		h.deleteVersion(w, parts[3])
	}
}

// current is what is published of a function or a service now.
func (s *Server) current(key string) map[string]map[string]any {
	out := map[string]map[string]any{}
	for path, f := range s.functions {
		if path == key || strings.HasPrefix(path, key+"/") {
			out[path] = maps.Clone(f)
		}
	}
	if name, ok := strings.CutPrefix(key, "services/"); ok {
		out[key] = maps.Clone(s.services[name])
	}
	return out
}

// at gives a function as it was published; the error is the code of FC's.
func (s *Server) at(key, qualifier string) (f map[string]any, code string) {
	owner := strings.Join(strings.Split(key, "/")[:2], "/")
	if service, v2 := strings.CutPrefix(owner, "services/"); v2 && s.services[service] == nil {
		return nil, fc.CodeServiceNotFound
	} else if !v2 && s.functions[owner] == nil {
		return nil, fc.CodeFunctionNotFound
	}
	h := s.histories[owner]
	if h == nil {
		h = &history{}
	}
	if strings.Trim(qualifier, "0123456789") != "" {
		i := h.find(qualifier)
		if i < 0 {
			return nil, fc.CodeAliasNotFound
		}
		qualifier = h.aliases[i].VersionID
	}
	if h.copies[qualifier] == nil {
		return nil, fc.CodeVersionNotFound
	}
	if f = h.copies[qualifier][key]; f == nil {
		return nil, fc.CodeFunctionNotFound
	}
	return f, ""
}

func (h *history) publish(w http.ResponseWriter, call Call, now map[string]map[string]any) {
	if len(h.versions) > 0 && reflect.DeepEqual(h.copies[h.versions[0].VersionID], now) {
		refuse(w, http.StatusConflict, fc.CodeVersionPublishError, "nothing has changed since version "+h.versions[0].VersionID)
		return
	}
	h.last++
	v := fc.Version{VersionID: strconv.Itoa(h.last), CreatedTime: timestamp, LastModifiedTime: timestamp}
	var in struct{ Description string }
	json.Unmarshal(call.Body, &in)
	v.Description = in.Description
	h.versions = append([]fc.Version{v}, h.versions...)
	h.copies[v.VersionID] = now
	reply(w, http.StatusOK, v)
}

// versionPage gives two versions a page at most, whatever the limit, so that clients
// must follow.
func (h *history) versionPage(w http.ResponseWriter, call Call) {
	query, _ := url.ParseQuery(call.Query)
	direction := first(query.Get("direction"), "BACKWARD")
	all := slices.Clone(h.versions)
	if direction == "FORWARD" {
		slices.Reverse(all)
	}
	start, _ := strconv.Atoi(query.Get("nextToken"))
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil {
		limit = 2
	}
	end := min(start+min(limit, 2), len(all))
	out := map[string]any{"versions": append([]fc.Version{}, all[start:end]...), "direction": direction}
	if end < len(all) {
		out["nextToken"] = strconv.Itoa(end)
	}
	reply(w, http.StatusOK, out)
}

func (h *history) deleteVersion(w http.ResponseWriter, id string) {
	switch {
	case h.copies[id] == nil:
		refuse(w, http.StatusNotFound, fc.CodeVersionNotFound, "version '"+id+"' does not exist")
	case slices.ContainsFunc(h.aliases, func(a fc.Alias) bool { return a.VersionID == id }):
		refuse(w, http.StatusConflict, "VersionInUse", "an alias leads to it")
	default:
		delete(h.copies, id)
		h.versions = slices.DeleteFunc(h.versions, func(v fc.Version) bool { return v.VersionID == id })
		w.WriteHeader(http.StatusNoContent)
	}
}

// find gives the place of an alias.
func (h *history) find(name string) int {
	return slices.IndexFunc(h.aliases, func(a fc.Alias) bool { return a.AliasName == name })
}

func (h *history) alias(w http.ResponseWriter, call Call, more []string) {
	if len(more) == 0 && call.Method == http.MethodGet {
		reply(w, http.StatusOK, map[string]any{"aliases": append([]fc.Alias{}, h.aliases...)})
		return
	}
	a := fc.Alias{CreatedTime: timestamp}
	i := -1
	if len(more) > 0 {
		if i = h.find(more[0]); i < 0 {
			refuse(w, http.StatusNotFound, fc.CodeAliasNotFound, "alias '"+more[0]+"' does not exist")
			return
		}
		a = h.aliases[i]
	}
	switch call.Method {
	case http.MethodGet:
		reply(w, http.StatusOK, a)
		return
	case http.MethodDelete:
		h.aliases = slices.Delete(h.aliases, i, i+1)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	a.AdditionalVersionWeight = nil
	json.Unmarshal(call.Body, &a)
	a.LastModifiedTime = timestamp
	if status, code := h.wrong(a); code != "" {
		refuse(w, status, code, "alias '"+a.AliasName+"' can't be")
		return
	}
	switch {
	case i >= 0:
		h.aliases[i] = a
	case h.find(a.AliasName) >= 0:
		refuse(w, http.StatusConflict, fc.CodeAliasAlreadyExists, "alias '"+a.AliasName+"' already exists")
		return
	default:
		h.aliases = append(h.aliases, a)
		slices.SortFunc(h.aliases, func(a, b fc.Alias) int { return strings.Compare(a.AliasName, b.AliasName) })
	}
	reply(w, http.StatusOK, a)
}

// wrong gives the error of an alias that can't be.
func (h *history) wrong(a fc.Alias) (status int, code string) {
	if a.AliasName == "" || a.AliasName == fc.LatestQualifier || a.VersionID == "" {
		return http.StatusBadRequest, fc.CodeInvalidArgument
	}
	for id, weight := range a.AdditionalVersionWeight {
		switch {
		case weight < 0 || weight > 1:
			return http.StatusBadRequest, fc.CodeInvalidArgument
		case id == a.VersionID:
			return http.StatusBadRequest, fc.CodeAdditionalHasMajor
		case h.copies[id] == nil:
			return http.StatusNotFound, fc.CodeVersionNotFound
		}
	}
	if h.copies[a.VersionID] == nil {
		return http.StatusNotFound, fc.CodeVersionNotFound
	}
	return 0, ""
}

// restrict lets nobody call a function, or everybody again.
func (s *Server) restrict(w http.ResponseWriter, call Call, key string, disable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct{ Reason string }
	json.Unmarshal(call.Body, &in)
	s.functions[key]["invocationRestriction"] = map[string]any{"disable": disable, "reason": in.Reason, "lastModifiedTime": timestamp}
	reply(w, http.StatusOK, map[string]any{"success": true})
}
