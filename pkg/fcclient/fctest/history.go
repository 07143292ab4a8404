package fctest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"s/pkg/fc"
)

// history is what a function, or a service of FC 2.0, was published as.
type history struct {
	versions []fc.Version // the newest first
	aliases  []fc.Alias
	last     int
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
	if s.functions[key] == nil && (parts[0] != "services" || s.services[parts[1]] == nil) {
		refuse(w, http.StatusNotFound, fc.CodeFunctionNotFound, key+" does not exist")
		return
	}
	h := s.histories[key]
	if h == nil {
		h = &history{}
		s.histories[key] = h
	}
	if parts[2] == "versions" {
		h.version(w, call, parts[3:])
		return
	}
	h.alias(w, call, parts[3:])
}

func (h *history) version(w http.ResponseWriter, call Call, more []string) {
	switch {
	case call.Method == http.MethodPost:
		h.last++
		v := fc.Version{VersionID: strconv.Itoa(h.last), CreatedTime: timestamp, LastModifiedTime: timestamp}
		h.versions = append([]fc.Version{v}, h.versions...)
		reply(w, http.StatusOK, v)
	case len(more) == 0:
		reply(w, http.StatusOK, map[string]any{"versions": append([]fc.Version{}, h.versions...), "direction": "BACKWARD"})
	default: // DELETE
		if slices.ContainsFunc(h.aliases, func(a fc.Alias) bool { return a.VersionID == more[0] }) {
			refuse(w, http.StatusConflict, "VersionInUse", "an alias leads to it")
			return
		}
		h.versions = slices.DeleteFunc(h.versions, func(v fc.Version) bool { return v.VersionID == more[0] })
		w.WriteHeader(http.StatusNoContent)
	}
}

func (h *history) alias(w http.ResponseWriter, call Call, more []string) {
	switch {
	case call.Method == http.MethodPost:
		a := fc.Alias{CreatedTime: timestamp, LastModifiedTime: timestamp}
		json.Unmarshal(call.Body, &a)
		h.aliases = append(h.aliases, a)
		reply(w, http.StatusOK, a)
	case call.Method == http.MethodGet && len(more) == 0:
		reply(w, http.StatusOK, map[string]any{"aliases": append([]fc.Alias{}, h.aliases...)})
	case call.Method == http.MethodDelete:
		h.aliases = slices.DeleteFunc(h.aliases, func(a fc.Alias) bool { return a.AliasName == more[0] })
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, http.StatusNotImplemented, fc.CodePathNotSupported, call.Path)
	}
}

// restrict lets nobody call a function, or everybody again.
func (s *Server) restrict(w http.ResponseWriter, key string, disable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.functions[key]["invocationRestriction"] = map[string]any{"disable": disable}
	reply(w, http.StatusOK, map[string]any{"success": true})
}
