package conformance

import "strings"

// nodejs is Node.js 6 and later. Its functions are those of a service, for which
// FC 2.0 says of an exception that nobody caught it.
func nodejs() *language {
	uncaught := func(kind string) string { return "FunctionUnhandledError: " + kind }
	return &language{
		name:     "nodejs",
		spares:   true,
		runtimes: []string{"nodejs20", "nodejs6", "nodejs8", "nodejs10", "nodejs12", "nodejs14", "nodejs16", "nodejs18", "nodejs22"},
		short:    []string{"nodejs20", "nodejs6"},
		handler:  func(name string) string { return "clauses." + name },
		handlers: map[string]string{
			"<missing module>": "nowhere.handler", "<missing handler>": "clauses.nobody", "<wrong name>": "clauses",
			"<broken syntax>": "broken_syntax.handler", "<broken import>": "broken_import.handler",
			"<broken module>": "broken_module.handler", "<broken exit>": "broken_exit.handler", "<in a folder>": "sub/inner.handler",
		},
		words: map[string]string{
			"<none>": "", "<error>": uncaught("Error"), "<own error>": uncaught("Mine"), "<file>": "clauses.js", "<deep function>": "at deeper (",
			"<recursion>": uncaught("RangeError"), "<no json>": uncaught("TypeError"),
			"<no module>": "ImportModuleError", "<no module message>": "Cannot find module '/code/nowhere'",
			"<no handler>": "HandlerNotFound", "<no handler message>": "Handler 'nobody' is missing on module 'clauses'",
			"<bad name>": "InvalidHandleName", "<bad name message>": "Invalid handler 'clauses'",
			"<syntax>": "UserCodeSyntaxError", "<syntax message>": "missing ) after argument list",
			// Who required it is told, too, from Node.js 12 on.
			"<import>": "ImportModuleError", "<import message>": "*",
			"<load>": uncaught("Error"), "<load message>": "no good",
		},
		logLine: func(id, level, message string) string {
			return strings.Join([]string{"<time>", id, "[" + level + "]", message}, " ")
		},
	}
}
