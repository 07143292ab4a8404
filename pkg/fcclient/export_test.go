package fcclient

import (
	"context"
	"time"
)

// WithoutWaits makes a client that doesn't wait between tries.
func WithoutWaits(config Config) *Client {
	c := New(config)
	c.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return c
}
