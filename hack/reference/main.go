// Command reference writes the pages of the manual that come from the tables of
// s.yaml: reference DIR.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"s/pkg/spec"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: reference DIR")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for lang, name := range map[string]string{spec.LangEnglish: "s.yaml.md", spec.LangChinese: "s.yaml.zh-CN.md"} {
		var page bytes.Buffer
		if err := spec.WriteReference(&page, lang); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), page.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
