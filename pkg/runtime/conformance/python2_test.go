package conformance

// serial is why invocations don't meet in one instance of some languages.
const serial = "its runtime takes one invocation after the other"

// python2 is Python 2.7, whose runtime hides more of FC's variables than the later
// ones do.
func python2() *language {
	l := python3()
	l.name, l.runtimes, l.short = "python2.7", []string{"python2.7"}, []string{"python2.7"}
	l.words["<recursion>"] = "RuntimeError"
	l.lacks = []string{
		"FC_ACCOUNT_ID", "FC_FUNCTION_HANDLER", "FC_FUNCTION_NAME", "FC_INSTANCE_ID", "FC_QUALIFIER", "FC_REGION", "FC_SERVICE_NAME",
	}
	l.cannot = map[string]string{
		"concurrent": serial, "concurrent-log": serial,
		"environment-reserved": "its runtime hides them",
	}
	return l
}
