package store

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// envDir makes the test binary the process that is killed.
const envDir = "STORE_TEST_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(envDir)
	if seed, err := strconv.ParseUint(os.Getenv(envSeed), 10, 64); dir != "" && err == nil {
		stepForever(dir, seed)
	}
	if dir != "" {
		createForever(dir)
	}
	os.Exit(m.Run())
}

// createForever stores one function after the other and says so on stdout
// after each is acknowledged.
func createForever(dir string) {
	s, err := Open(context.Background(), dir)
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		name := fmt.Sprintf("f%d", i)
		code, release, err := s.PutCode(archiveOf(name))
		if err != nil {
			panic(err)
		}
		f := function(name)
		f.Code = code
		if err := s.CreateFunction(f); err != nil {
			panic(err)
		}
		release()
		fmt.Println(name)
	}
}

func TestAcknowledgedSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envDir+"="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err, cmd.Start())
	var acknowledged []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if acknowledged = append(acknowledged, lines.Text()); len(acknowledged) == 20 {
			must(t, cmd.Process.Kill())
		}
	}
	cmd.Wait()
	if len(acknowledged) < 20 {
		t.Fatalf("only %d acknowledged", len(acknowledged))
	}
	s := open(t, dir)
	for _, name := range acknowledged {
		f, err := s.Function("r", name)
		must(t, err)
		zip, err := os.ReadFile(s.CodeArchive(f.Code.SHA256))
		if err != nil || Checksum(zip) != f.Code.Checksum {
			t.Errorf("%s: its code: %v", name, err)
		}
	}
	for _, name := range codeFiles(t, s) {
		if strings.HasPrefix(name, tempPrefix) {
			t.Errorf("%s is left over", name)
		}
	}
}

// archiveOf is an archive that differs by name, made without a test at hand.
func archiveOf(name string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err == nil {
		_, err = f.Write([]byte(name))
	}
	if err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
