package fcclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"s/pkg/fc/fcsign"
)

// LogLine is a line that a function printed, as the local cloud streams it.
type LogLine struct {
	Time       time.Time `json:"time"`
	InstanceID string    `json:"instanceId"`
	RequestID  string    `json:"requestId,omitempty"`
	Message    string    `json:"message"` // without the newline
}

// LogStream is the live log of one invocation.
type LogStream struct {
	body    io.ReadCloser
	decoder *json.Decoder
}

// LogSession opens the log stream for the invocation that will carry id as its
// LogSession; only the local cloud has it. It returns once the server listens,
// so an invocation sent afterwards loses no line.
func (c *Client) LogSession(ctx context.Context, id string) (*LogStream, error) {
	response, err := c.open(ctx, direct{
		host: hostInvoke, op: fcsign.Operation{Action: "StreamLogs", Version: c.version()},
		method: http.MethodGet, path: "/_s/logs", query: url.Values{"session": {id}},
	}, nil)
	if err != nil {
		return nil, err
	}
	return &LogStream{body: response.Body, decoder: json.NewDecoder(response.Body)}, nil
}

// Next gives the next line; io.EOF once the invocation has ended.
func (s *LogStream) Next() (LogLine, error) {
	var line LogLine
	err := s.decoder.Decode(&line)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("log stream: %w", err)
	}
	return line, err
}

// Close ends the stream.
func (s *LogStream) Close() error { return s.body.Close() }
