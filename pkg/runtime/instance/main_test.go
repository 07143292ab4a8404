package instance

import (
	"os"
	"testing"

	"s/pkg/runtime/rloader"
)

func TestMain(m *testing.M) {
	if rloader.Is(os.Args) {
		os.Exit(rloader.Main())
	}
	os.Exit(m.Run())
}
