// Package conformance holds every language to the same contract: the same
// events and the same expectations (clauses) run against the handlers that each
// language has in testdata, in real instances. `make conformance` writes what
// came out into docs/runtimes.md; an ordinary test run fails if that differs.
package conformance
