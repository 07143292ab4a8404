// Package local is the local cloud: a daemon that serves the FC API on
// loopback and really runs functions. It starts and stops all of its parts and
// is the only local package that commands see.
package local

import "s/pkg/runtime/sandbox"

// Info is what a client must know of a running local cloud. It is written to
// a 0600 file in the data directory, because it holds the keys.
type Info struct {
	Endpoint        string            `json:"endpoint"` // http://127.0.0.1:port
	AccountID       string            `json:"accountId"`
	Region          string            `json:"region"` // the default one
	AccessKeyID     string            `json:"accessKeyId"`
	AccessKeySecret string            `json:"accessKeySecret"`
	PID             int               `json:"pid"`
	DataDir         string            `json:"dataDir"`
	Isolation       sandbox.Isolation `json:"isolation"`
	Version         string            `json:"version"` // of the s that serves
}
