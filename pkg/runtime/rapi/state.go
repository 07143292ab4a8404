package rapi

import "fmt"

// phase is where a language runtime is in its life.
type phase uint8

const (
	spare    phase = iota // it was started without a function
	waiting               // and has asked for one
	starting              // it has a function, and hasn't asked for work yet
	running               // it has
	failed                // it reported that it can't start
	closed                // it has ended
	phases
)

func (p phase) String() string {
	return [phases]string{"a spare", "waiting for a function", "starting", "running", "failed", "closed"}[p]
}

// event is what a language runtime does.
type event uint8

const (
	askNext event = iota
	postResponse
	postError
	postInitError
	askFunction
	events
)

func (e event) String() string {
	return [events]string{"next", "response", "error", "init/error", "function"}[e]
}

// verdict is the answer of the state machine to an event. The zero verdict
// refuses.
type verdict struct {
	allow bool
	hold  bool // leave the request without an answer
	next  phase
}

// rules says what is allowed; what isn't here is refused.
var rules = [phases][events]verdict{
	spare: {
		askFunction: {allow: true, next: waiting},
	},
	starting: {
		askNext:       {allow: true, next: running},
		postInitError: {allow: true, next: failed},
	},
	running: {
		askNext:      {allow: true, next: running},
		postResponse: {allow: true, next: running},
		postError:    {allow: true, next: running},
	},
	failed: {
		askNext: {hold: true, next: failed},
	},
	closed: {
		askNext: {hold: true, next: closed},
	},
}

// refusal is an answer that isn't 200.
type refusal struct {
	status  int
	code    string
	message string
}

func refuse(e event, p phase) *refusal {
	return &refusal{403, "InvalidStateTransition", fmt.Sprintf("%s is not allowed while the runtime is %s", e, p)}
}

func unknownRequest(id string) *refusal {
	return &refusal{404, "InvalidRequestID", fmt.Sprintf("no invocation %q is running", id)}
}

func answeredTwice(id string) *refusal {
	return &refusal{409, "InvocationAnswered", fmt.Sprintf("invocation %q has been answered already", id)}
}
