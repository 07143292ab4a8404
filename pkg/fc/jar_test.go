package fc

import (
	"strings"
	"testing"
)

func TestRunsJar(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]bool{
		"java -jar app.jar": true, "/usr/bin/java -Xmx1g -jar /code/app.jar --port 9000": true,
		"sh -c 'java -jar app.jar'": true, `bash -c "exec java -Dx=y -jar app.jar"`: true,
		"java -cp app.jar Main": false, "./bootstrap": false, "": false, "python3 -jar java": false, "javac -jar x": false,
	} {
		words := strings.Fields(command)
		if got := RunsJar(words); got != want {
			t.Errorf("%q: %v", command, got)
		}
		if got := RunsJar([]string{command}); got != want {
			t.Errorf("%q in one word: %v", command, got)
		}
	}
}
