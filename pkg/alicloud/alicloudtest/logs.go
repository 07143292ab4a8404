package alicloudtest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"s/pkg/alicloud"
	"s/pkg/fc/fcsign"
)

// LogServer is the part of SLS that finds lines, as its documentation says: pages of at
// most 100, in an order that is exact to the minute alone, and partial results while it
// is searching. It checks every signature.
type LogServer struct {
	URL string
	// Match says which lines a query means; nil means all.
	Match func(query string, fields map[string]string) bool

	t        *testing.T
	verifier *fcsign.Verifier

	mu         sync.Mutex
	lines      []map[string]string
	incomplete int // so many answers have half of what there is
	failures   []Failure
	asked      []Asked
}

// Asked is what a request was for.
type Asked struct {
	Host, Path, Query string
	From, To          int64
	Offset            int
}

// NewLogs starts a server that ends with the test.
func NewLogs(t *testing.T) *LogServer {
	t.Helper()
	s := &LogServer{t: t, verifier: fcsign.NewVerifier(func(id string) (fcsign.Keys, bool) {
		return fcsign.Keys{AccessKeyID: keyID, AccessKeySecret: secret}, id == keyID
	}, nil)}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Client gives a client of a region.
func (s *LogServer) Client(region string) *alicloud.Client {
	return (&Server{URL: s.URL}).Client(region, nil)
}

// Put adds lines.
func (s *LogServer) Put(lines ...map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, lines...)
}

// Search makes the next answers partial.
func (s *LogServer) Search(answers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.incomplete = answers
}

// Fail makes the next answers failures, whatever their action.
func (s *LogServer) Fail(f Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range max(f.Times, 1) {
		s.failures = append(s.failures, f)
	}
}

// Asked gives what was asked for since the last time, and forgets it.
func (s *LogServer) Asked() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// ServeHTTP answers GetLogs.
func (s *LogServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, err := s.verifier.VerifySLS(r); err != nil {
		s.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		write(w, "SLS", refuse(http.StatusUnauthorized, "SignatureNotMatch"))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	number := func(name string) int64 {
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil {
			s.t.Errorf("%s is %q", name, q.Get(name))
		}
		return n
	}
	asked := Asked{r.Host, r.URL.Path, q.Get("query"), number("from"), number("to"), int(number("offset"))}
	s.asked = append(s.asked, asked)
	line := int(number("line"))
	if r.Method != http.MethodGet || q.Get("type") != "log" || line < 1 || line > 100 || asked.From >= asked.To {
		write(w, "SLS", refuse(http.StatusBadRequest, "ParameterInvalid"))
		return
	}
	if len(s.failures) > 0 {
		f := s.failures[0]
		s.failures = s.failures[1:]
		write(w, "SLS", refuse(f.Status, f.Code))
		return
	}
	found := s.find(asked)
	progress := "Complete"
	if s.incomplete > 0 {
		s.incomplete--
		found, progress = found[:len(found)/2], "Incomplete"
	}
	found = found[min(asked.Offset, len(found)):]
	found = found[:min(line, len(found))]
	w.Header().Set("X-Log-Progress", progress)
	w.Header().Set("X-Log-Count", strconv.Itoa(len(found)))
	_ = json.NewEncoder(w).Encode(found) // a client that is gone needs no answer
}

// find gives the lines that are meant, in the order of their minutes: within one, those
// put last come first.
func (s *LogServer) find(a Asked) []map[string]string {
	found := []map[string]string{}
	at := func(fields map[string]string) int64 {
		n, _ := strconv.ParseInt(fields["__time__"], 10, 64)
		return n
	}
	for _, fields := range slices.Backward(s.lines) {
		if t := at(fields); t >= a.From && t < a.To && (s.Match == nil || s.Match(a.Query, fields)) {
			found = append(found, fields)
		}
	}
	slices.SortStableFunc(found, func(x, y map[string]string) int { return cmp.Compare(at(x)/60, at(y)/60) })
	return found
}

// HasPhrases is a Match for queries of phrases and topics that must all be in a line.
func HasPhrases(query string, fields map[string]string) bool {
	var all strings.Builder
	for _, value := range fields {
		all.WriteString(value + "\n")
	}
	for term := range strings.SplitSeq(query, " and ") {
		term = strings.TrimPrefix(term, "__topic__: ")
		if !strings.Contains(all.String(), strings.Trim(term, `"`)) {
			return false
		}
	}
	return true
}
