package conformance

import "strings"

// python3 is Python 3.6 and later.
func python3() *language {
	return &language{
		name:     "python3",
		spares:   true,
		runtimes: []string{"python3.10", "python3.6", "python3.7", "python3.8", "python3.9", "python3.11", "python3.12", "python3.13"},
		short:    []string{"python3.10", "python3.6", "python3.13"},
		handler:  func(name string) string { return "clauses." + name },
		handlers: map[string]string{
			"<missing module>": "nowhere.handler", "<missing handler>": "clauses.nobody", "<wrong name>": "clauses",
			"<broken syntax>": "broken_syntax.handler", "<broken import>": "broken_import.handler",
			"<broken module>": "broken_module.handler", "<broken exit>": "broken_exit.handler", "<in a folder>": "sub/inner.handler",
		},
		env: map[string]string{"PYTHONDONTWRITEBYTECODE": "1"},
		words: map[string]string{
			"<none>": "null", "<error>": "ValueError", "<own error>": "Mine", "<file>": "clauses.py", "<deep function>": "in deeper",
			"<recursion>": "RecursionError", "<no json>": "TypeError",
			"<no module>": "ImportModuleError", "<no module message>": "Unable to import module 'nowhere'",
			"<no handler>": "HandlerNotFound", "<no handler message>": "Handler 'nobody' is missing on module 'clauses'",
			"<bad name>": "InvalidHandleName", "<bad name message>": "Invalid handler 'clauses'",
			"<syntax>": "UserCodeSyntaxError", "<syntax message>": "Syntax error in module 'broken_syntax'",
			"<import>": "ImportModuleError", "<import message>": "Unable to import module 'broken_import'",
			"<load>": "UserCodeError", "<load message>": "Module initialization error: 'no good'",
		},
		logLine: func(id, level, message string) string {
			level = map[string]string{"info": "INFO", "warn": "WARNING", "error": "ERROR"}[level]
			return strings.Join([]string{"<time>", id, "[" + level + "]", message}, " ")
		},
	}
}
