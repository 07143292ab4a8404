// Command s takes a serverless function from template to production.
package main

import (
	"os"

	"s/pkg/cmd/root"
)

// version is set by the linker: -X main.version=1.2.3.
var version = "dev"

func main() {
	os.Exit(root.Main(version))
}
