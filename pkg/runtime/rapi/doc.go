// Package rapi is the Runtime API of Function Compute (version 2020-11-11) for
// one instance: the HTTP server that a language runtime asks for its next
// invocation and gives the result back to. It limits how many invocations are
// out at once, whatever the client does, and refuses what the protocol doesn't
// allow. It knows no processes.
//
// The routes below /2020-11-11/runtime are
//
//	GET  /invocation/next            blocks until there is an invocation
//	POST /invocation/{id}/response   its result
//	POST /invocation/{id}/error      its error, a JSON document
//	POST /init/error                 the runtime can't start
//
// A post to error may have the header x-fc-error-type with the type that the
// caller is told: HandledInvocationError for an error that the function reported
// itself. That is ours; FC's own runtimes and server have another way, which isn't
// public.
//
// Success is answered with 200 and nothing else: clients take other statuses
// for failures and ask again at once, so a next that nothing can answer any
// more is held open, never refused.
package rapi
