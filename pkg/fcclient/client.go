// Package fcclient speaks the Function Compute API, both versions, to any
// endpoint. The control plane goes through alibaba-cloud-sdk-go; what must
// stream or be cancelled goes over net/http with our own signer.
package fcclient

import "s/pkg/access"

// Config says whom to speak to and as whom.
type Config struct {
	Region      string
	Credentials access.Credentials
	// Endpoint is a URL, http://127.0.0.1:19800; empty is FC's own for the
	// region (https).
	Endpoint string
	// V2 speaks 2021-04-06 (services) instead of 2023-03-30.
	V2 bool
	// Version of s, for the User-Agent.
	Version string
}

// Client speaks to one region as one account. It is safe for concurrent use.
type Client struct {
	config Config
}

// New makes a client; it does no network call.
func New(config Config) *Client { return &Client{config: config} }
