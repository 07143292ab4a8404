package fctest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"s/pkg/fc"
)

// session serves the sessions of a function; more is what follows their path.
func (s *Server) session(w http.ResponseWriter, call Call, function string, more []string) {
	if s.functions["functions/"+function] == nil {
		refuse(w, http.StatusNotFound, fc.CodeFunctionNotFound, "function does not exist")
		return
	}
	prefix := function + "/sessions/"
	if len(more) == 0 && call.Method == http.MethodGet {
		s.sessionList(w, call, prefix)
		return
	}
	given := map[string]any{}
	json.Unmarshal(call.Body, &given)
	if len(more) == 0 {
		id, _ := given["sessionId"].(string)
		if id == "" {
			s.serial++
			id = "made" + strconv.Itoa(s.serial)
		}
		s.sessions[prefix+id] = map[string]any{
			"sessionId": id, "functionName": function, "qualifier": fc.LatestQualifier, "sessionAffinityType": fc.AffinityHeader,
			"sessionStatus": fc.SessionActive, "containerId": "c-1", "createdTime": "2025-04-01T08:15:27Z",
			"sessionTTLInSeconds": fc.DefaultSessionTTL, "sessionIdleTimeoutInSeconds": fc.DefaultSessionIdle,
		}
		delete(given, "sessionId")
		more = []string{id}
	}
	have := s.sessions[prefix+more[0]]
	switch {
	case have == nil:
		refuse(w, http.StatusNotFound, "SessionNotFound", "session '"+more[0]+"' does not exist")
		return
	case call.Method == http.MethodDelete:
		delete(s.sessions, prefix+more[0])
		w.WriteHeader(http.StatusNoContent)
		return
	case len(more) > 1:
		have["sessionStatus"] = map[string]string{"pause": fc.SessionPaused, "resume": fc.SessionActive}[more[1]]
	}
	maps.Copy(have, given)
	reply(w, http.StatusOK, have)
}

func (s *Server) sessionList(w http.ResponseWriter, call Call, prefix string) {
	query, _ := url.ParseQuery(call.Query)
	list := []any{}
	for _, key := range slices.Sorted(maps.Keys(s.sessions)) {
		have := s.sessions[key]
		if key == prefix+have["sessionId"].(string) && (query.Get("sessionStatus") == "" || query.Get("sessionStatus") == have["sessionStatus"]) &&
			(query.Get("sessionId") == "" || query.Get("sessionId") == have["sessionId"]) {
			list = append(list, have)
		}
	}
	reply(w, http.StatusOK, map[string]any{"sessions": list})
}
