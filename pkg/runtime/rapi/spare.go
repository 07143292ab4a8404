package rapi

import (
	"crypto/subtle"
	"net/http"
	"strconv"

	"s/pkg/fc"
)

// Asked is closed when a spare (Config.Secret) has asked for its function.
func (s *Server) Asked() <-chan struct{} { return s.asked }

// Assign gives a spare that has asked for it its function: the body of the answer
// is the environment, as the bootstraps read it. From then on the server is that
// of an instance with this concurrency and header. The error is ErrNotTaken if
// no spare waits, or the connection's.
func (s *Server) Assign(concurrency int, header, environment []byte) error {
	s.mu.Lock()
	c := s.spare
	if s.phase != waiting || c == nil {
		s.mu.Unlock()
		return ErrNotTaken
	}
	s.phase, s.spare = starting, nil
	s.cfg.Concurrency, s.cfg.Header = max(concurrency, 1), header
	c.unpark()
	c.writing.Lock()
	s.mu.Unlock()
	defer c.writing.Unlock()
	b := append([]byte("HTTP/1.1 200 OK\r\nContent-Length: "), strconv.Itoa(len(environment))...)
	b = append(b, "\r\n\r\n"...)
	_, err := c.nc.Write(append(b, environment...))
	return err
}

// function notes that a spare asks for its function. Others of this machine can
// reach the port, too: only who knows the secret is answered, once.
func (s *Server) function(c *conn, secret string) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := rules[s.phase][askFunction]
	if !v.allow {
		return refuse(askFunction, s.phase)
	}
	if subtle.ConstantTimeCompare([]byte(secret), []byte(s.cfg.Secret)) != 1 {
		return &refusal{http.StatusForbidden, fc.CodeAccessDenied, "this is another's function"}
	}
	s.phase, s.spare, c.parked = v.next, c, true
	close(s.asked)
	return nil
}
