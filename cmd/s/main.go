// Command s takes a serverless function from template to production.
package main

import (
	"os"

	"s/pkg/cmd/root"
)

func main() {
	os.Exit(root.Main())
}
