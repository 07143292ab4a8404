// Package acceptance drives the real binary as its users do. It holds tests
// only: scripts in testdata/<verb>, and Go tests for what needs many clients or
// a killed daemon.
package acceptance
