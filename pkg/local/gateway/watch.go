package gateway

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
)

// headerWatcher tells header and status of an answer as it goes out.
type headerWatcher struct {
	http.ResponseWriter
	found func(http.Header, int)
	seen  bool
}

// WriteHeader passes the header on, and tells it.
func (w *headerWatcher) WriteHeader(status int) {
	w.look(status)
	w.ResponseWriter.WriteHeader(status)
}

// Write passes a piece on.
func (w *headerWatcher) Write(p []byte) (int, error) {
	w.look(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

func (w *headerWatcher) look(status int) {
	if !w.seen {
		w.seen = true
		w.found(w.Header(), status)
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (w *headerWatcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// maxFirstEvent bounds how much of a stream is looked through for its first event,
// in bytes.
const maxFirstEvent = 64 << 10

// endpointWatcher tells the id of the session that the first event of an MCP stream
// names, before the caller gets that event.
type endpointWatcher struct {
	http.ResponseWriter
	found func(id string)
	text  []byte
	done  bool
}

// Write passes a piece on when it has been looked at.
func (w *endpointWatcher) Write(p []byte) (int, error) {
	if !w.done {
		w.text = append(w.text, p...)
		id, whole := endpointSession(w.text)
		if id != "" {
			w.found(id)
		}
		if w.done = whole || len(w.text) > maxFirstEvent; w.done {
			w.text = nil
		}
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *endpointWatcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// endpointSession finds the id of a session in the first event "endpoint" of a
// stream, whose data is the URL for messages. whole reports that the event is there,
// with an id or without.
func endpointSession(stream []byte) (id string, whole bool) {
	stream = bytes.ReplaceAll(stream, []byte("\r\n"), []byte("\n"))
	for {
		event, rest, ended := bytes.Cut(stream, []byte("\n\n"))
		if !ended {
			return "", false
		}
		stream = rest
		var kind, data string
		for line := range strings.Lines(string(event)) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
			value = strings.TrimPrefix(value, " ")
			switch name {
			case "event":
				kind = value
			case "data":
				data = value
			}
		}
		if kind != "endpoint" {
			continue
		}
		if u, err := url.Parse(data); err == nil {
			id = sessionInQuery(u.Query())
		}
		return id, true
	}
}
