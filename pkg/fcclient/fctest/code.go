package fctest

import "net/http"

// codePath begins the URLs of code downloads, which carry no signature.
const codePath = "/_code/"

// code tells where the archive of a function is (GetFunctionCode).
func (s *Server) code(w http.ResponseWriter, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply(w, http.StatusOK, map[string]any{"url": s.URL + codePath + key, "checksum": s.functions[key]["codeChecksum"]})
}

func (s *Server) download(w http.ResponseWriter, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Write(s.codes[key])
}
