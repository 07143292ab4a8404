package fcclient

import (
	"errors"
	"slices"
	"testing"

	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
)

func TestSessionContract(t *testing.T) {
	server := fctest.New(t)
	c := New(Config{Region: "r", Credentials: fctest.Credentials(), Endpoint: server.URL})
	if _, err := c.CreateFunction(t.Context(), fc.Function{FunctionName: "f", Runtime: "custom", Handler: "h"}, &fc.Code{ZipFile: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}); err != nil {
		t.Fatal(err)
	}
	fctest.SessionContract(t, c, "f")

	server.Reset()
	if _, err := c.ListSessions(t.Context(), "f", SessionQuery{Qualifier: "q", SessionID: "i", Status: "Active", Limit: 7, NextToken: "t"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ResumeSession(t.Context(), "f", "q", "i", true); !fc.IsNotFound(err) {
		t.Fatal(err)
	}
	var asked []string
	for _, call := range server.Calls() {
		asked = append(asked, call.Method+" "+call.Path+"?"+call.Query)
	}
	want := []string{
		"GET /2023-03-30/functions/f/sessions?limit=7&nextToken=t&qualifier=q&sessionId=i&sessionStatus=Active",
		"PUT /2023-03-30/functions/f/sessions/i/resume?fileSystemOnly=true&qualifier=q",
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

func TestFC2HasNoSessions(t *testing.T) {
	server := fctest.New(t)
	c := New(Config{Region: "r", Credentials: fctest.Credentials(), Endpoint: server.URL, V2: true})
	if _, err := c.GetSession(t.Context(), "s$f", "", "i"); !errors.Is(err, errNoSessions) || len(server.Calls()) != 0 {
		t.Errorf("%v, %v", err, server.Calls())
	}
}
