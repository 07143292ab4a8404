// Package deps keeps the module's dependencies in go.mod while the packages
// that use them are being written.
package deps

import (
	_ "github.com/AlecAivazis/survey/v2"
	_ "github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	_ "github.com/coder/websocket"
	_ "github.com/creack/pty"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/klauspost/compress/flate"
	_ "github.com/mattn/go-runewidth"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/spf13/cobra"
	_ "github.com/spf13/viper"
	_ "go.yaml.in/yaml/v3"
	_ "golang.org/x/sys/unix"
	_ "modernc.org/sqlite"
)
