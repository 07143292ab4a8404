package root

// Main runs s and gives its exit code.
func Main() int { return 0 }
