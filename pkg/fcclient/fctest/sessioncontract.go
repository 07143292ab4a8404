package fctest

import (
	"context"
	"errors"
	"testing"

	"s/pkg/fc"
)

// SessionClient speaks to an endpoint of FC 3.0; *fcclient.Client is one.
type SessionClient interface {
	CreateSession(ctx context.Context, function, qualifier string, in fc.SessionInput) (*fc.Session, error)
	GetSession(ctx context.Context, function, qualifier, id string) (*fc.Session, error)
	UpdateSession(ctx context.Context, function, qualifier, id string, in fc.SessionInput) (*fc.Session, error)
	DeleteSession(ctx context.Context, function, qualifier, id string) error
	PauseSession(ctx context.Context, function, qualifier, id string) (*fc.Session, error)
	ResumeSession(ctx context.Context, function, qualifier, id string, fileSystemOnly bool) (*fc.Session, error)
}

// SessionContract holds a client to the life of a session: of a function that is
// there, whose sessions can be paused.
func SessionContract(t *testing.T, c SessionClient, function string) {
	t.Helper()
	ttl, idle := 100, 7
	s, err := c.CreateSession(t.Context(), function, "", fc.SessionInput{SessionID: "mine", TTLSeconds: &ttl})
	if err != nil {
		t.Fatal(err)
	}
	if s.SessionID != "mine" || s.SessionStatus != fc.SessionActive || s.TTLSeconds != ttl || s.IdleSeconds != fc.DefaultSessionIdle ||
		s.FunctionName != function || s.Qualifier != fc.LatestQualifier || s.ContainerID == "" || s.CreatedTime == "" {
		t.Errorf("made: %+v", s)
	}
	if s, err = c.UpdateSession(t.Context(), function, "", "mine", fc.SessionInput{IdleSeconds: &idle}); err != nil || s.IdleSeconds != idle || s.TTLSeconds != ttl {
		t.Errorf("changed: %+v %v", s, err)
	}
	if s, err = c.PauseSession(t.Context(), function, "", "mine"); err != nil || s.SessionStatus != fc.SessionPaused {
		t.Errorf("paused: %+v %v", s, err)
	}
	if s, err = c.ResumeSession(t.Context(), function, "LATEST", "mine", false); err != nil || s.SessionStatus != fc.SessionActive {
		t.Errorf("resumed: %+v %v", s, err)
	}
	if s, err = c.GetSession(t.Context(), function, "LATEST", "mine"); err != nil || s.IdleSeconds != idle {
		t.Errorf("read: %+v %v", s, err)
	}
	if err := c.DeleteSession(t.Context(), function, "", "mine"); err != nil {
		t.Error(err)
	}
	var api *fc.APIError
	if _, err = c.GetSession(t.Context(), function, "", "mine"); !errors.As(err, &api) || api.Status != 404 {
		t.Errorf("deleted: %v", err)
	}
	if s, err = c.CreateSession(t.Context(), function, "", fc.SessionInput{}); err != nil || !fc.IsSessionID(s.SessionID) {
		t.Errorf("without an id: %+v %v", s, err)
	}
}
