package fcclient

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"s/pkg/fc"
)

// errNoSessions guards the operations that FC 2.0 doesn't have.
var errNoSessions = fmt.Errorf("sessions exist in API version %s only", fc.APIVersion3)

// SessionQuery says which sessions ListSessions gives.
type SessionQuery struct {
	Qualifier, SessionID, Status string // empty is any; of the qualifier, LATEST
	Limit                        int    // 1 to 100; 0 is the service's default
	NextToken                    string // of the page before
}

// SessionPage is a part of the sessions of a function.
type SessionPage struct {
	Sessions  []fc.Session `json:"sessions"`
	NextToken string       `json:"nextToken,omitempty"` // empty on the last page
}

func (c *Client) sessionCall(ctx context.Context, op call, function, qualifier string, more ...string) error {
	if c.config.V2 {
		return errNoSessions
	}
	op.path = c.functionPath(function, append([]string{"sessions"}, more...)...)
	if op.query == nil {
		op.query = qualified(qualifier)
	}
	return c.do(ctx, op)
}

// CreateSession begins a session and gives it an instance.
func (c *Client) CreateSession(ctx context.Context, function, qualifier string, in fc.SessionInput) (*fc.Session, error) {
	out := &fc.Session{}
	err := c.sessionCall(ctx, call{action: "CreateSession", method: http.MethodPost, body: in, out: out}, function, qualifier)
	return out, err
}

// GetSession reads one.
func (c *Client) GetSession(ctx context.Context, function, qualifier, id string) (*fc.Session, error) {
	out := &fc.Session{}
	err := c.sessionCall(ctx, call{action: "GetSession", method: http.MethodGet, out: out}, function, qualifier, id)
	return out, err
}

// UpdateSession changes the settings of one.
func (c *Client) UpdateSession(ctx context.Context, function, qualifier, id string, in fc.SessionInput) (*fc.Session, error) {
	out := &fc.Session{}
	err := c.sessionCall(ctx, call{action: "UpdateSession", method: http.MethodPut, body: in, out: out}, function, qualifier, id)
	return out, err
}

// DeleteSession ends one.
func (c *Client) DeleteSession(ctx context.Context, function, qualifier, id string) error {
	return c.sessionCall(ctx, call{action: "DeleteSession", method: http.MethodDelete}, function, qualifier, id)
}

// PauseSession saves the state of one and has it take no requests.
func (c *Client) PauseSession(ctx context.Context, function, qualifier, id string) (*fc.Session, error) {
	out := &fc.Session{}
	err := c.sessionCall(ctx, call{action: "PauseSession", method: http.MethodPut, out: out}, function, qualifier, id, "pause")
	return out, err
}

// ResumeSession has a paused one go on; with fileSystemOnly, without what was in
// its memory.
func (c *Client) ResumeSession(ctx context.Context, function, qualifier, id string, fileSystemOnly bool) (*fc.Session, error) {
	op := call{action: "ResumeSession", method: http.MethodPut, out: &fc.Session{}}
	if fileSystemOnly {
		op.query = map[string]string{"fileSystemOnly": "true"}
		if qualifier != "" {
			op.query["qualifier"] = qualifier
		}
	}
	err := c.sessionCall(ctx, op, function, qualifier, id, "resume")
	return op.out.(*fc.Session), err
}

// ListSessions gives a page of the sessions of a function.
func (c *Client) ListSessions(ctx context.Context, function string, q SessionQuery) (*SessionPage, error) {
	query := map[string]string{}
	for name, value := range map[string]string{"qualifier": q.Qualifier, "sessionId": q.SessionID, "sessionStatus": q.Status, "nextToken": q.NextToken} {
		if value != "" {
			query[name] = value
		}
	}
	if q.Limit > 0 {
		query["limit"] = strconv.Itoa(q.Limit)
	}
	out := &SessionPage{}
	err := c.sessionCall(ctx, call{action: "ListSessions", method: http.MethodGet, query: query, out: out}, function, "")
	return out, err
}
