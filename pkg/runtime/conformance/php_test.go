package conformance

import (
	"context"
	"os"
	"strings"

	"s/pkg/toolchain"
)

// php is PHP, in whatever version is here.
func php() *language {
	recursion := "ErrorException"
	if found, err := toolchain.New(os.LookupEnv).FindPHP(context.Background(), ""); err == nil && strings.HasPrefix(found.Version, "7.") {
		recursion = "" // PHP 7 has no memory left to say more: the process just ends
	}
	return &language{
		name: "php7.2", runtimes: []string{"php7.2"}, short: []string{"php7.2"},
		handler: func(name string) string { return "clauses.h_" + name },
		handlers: map[string]string{
			"<missing module>": "nowhere.handler", "<missing handler>": "clauses.nobody", "<wrong name>": "clauses",
			"<broken syntax>": "broken_syntax.handler", "<broken import>": "broken_import.handler",
			"<broken module>": "broken_module.handler", "<broken exit>": "broken_exit.handler", "<in a folder>": "sub/inner.handler",
		},
		words: map[string]string{
			"<none>": "null", "<error>": "RuntimeException", "<own error>": "Mine", "<file>": "clauses.php", "<deep function>": "deeper(",
			"<recursion>": recursion, "<no json>": "InvalidResult",
			"<no module>": "ImportModuleError", "<no module message>": "Unable to import module 'nowhere': there is no file nowhere.php in the code",
			"<no handler>": "HandlerNotFound", "<no handler message>": "Handler 'nobody' is missing on module 'clauses'",
			"<bad name>": "InvalidHandleName", "<bad name message>": "Invalid handler 'clauses'",
			"<syntax>": "ParseError", "<syntax message>": "*", "<import>": "ErrorException", "<import message>": "*",
			"<load>": "RuntimeException", "<load message>": "no good",
			"can't stop": `can\'t stop`, // errors are logged as PHP code
			// The end line doesn't tell of errors.
			failedEnd: "FC Invoke End RequestId: ", failedInitializer: "FC Initialize End RequestId: ",
		},
		// Neither can be done again in a process where it went wrong.
		replaced: []string{"<broken import>", "<broken module>", "recurse"},
		logLine: func(id, level, message string) string {
			level = map[string]string{"info": "INFO", "warn": "WARNING", "error": "ERROR"}[level]
			return strings.Join([]string{"<time>", id, "[" + level + "]", message}, " ")
		},
		cannot: map[string]string{
			"concurrent": serial, "concurrent-log": serial,
			"background": "it has no threads",
		},
	}
}
