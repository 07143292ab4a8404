// Command server is what test images run: an HTTP server that does what an event
// says. Its words are "get PATH", "put PATH TEXT", "list PATH", "remove PATH",
// "stat PATH", "env NAME", "who", "args", "say TEXT", "hold MB", "exit CODE" and
// "fail"; anything else comes back. With -check it is well from the second
// question on.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

func main() {
	port := os.Getenv("FC_SERVER_PORT")
	if len(os.Args) > 2 && os.Args[1] == "-port" {
		port = os.Args[2]
	}
	if len(os.Args) > 1 && os.Args[1] == "-end" {
		fmt.Println("ending at once")
		os.Exit(7)
	}
	var asked atomic.Int32
	held := [][]byte{}
	mux := http.NewServeMux()
	mux.HandleFunc("/invoke", func(w http.ResponseWriter, r *http.Request) {
		event, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if megabytes, ok := strings.CutPrefix(string(event), "hold "); ok {
			n, _ := strconv.Atoi(megabytes) // 0 otherwise
			page := make([]byte, n<<20)
			for i := 0; i < len(page); i += 4096 {
				page[i] = 1
			}
			held = append(held, page)
		}
		answer, err := do(string(event))
		if err != nil {
			w.Header().Set("X-Fc-Status", "404")
			answer = err.Error()
		}
		_, _ = io.WriteString(w, answer) // a caller that is gone needs none
	})
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s asked %d", r.Method, r.URL, asked.Load())
	})
	server := &http.Server{Addr: "0.0.0.0:" + port, Handler: mux, ReadHeaderTimeout: time.Minute}
	fmt.Println("listening on", port)
	if err := server.ListenAndServe(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// do does what an event says.
func do(event string) (string, error) {
	word, rest, _ := strings.Cut(event, " ")
	path, text, _ := strings.Cut(rest, " ")
	switch word {
	case "get":
		b, err := os.ReadFile(path)
		return string(b), err
	case "put":
		return "", os.WriteFile(path, []byte(text), 0o600)
	case "remove":
		return "", os.RemoveAll(path)
	case "list":
		entries, err := os.ReadDir(path)
		names := make([]string, 0, len(entries))
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return strings.Join(names, " "), err
	case "stat":
		info, err := os.Lstat(path)
		if err != nil {
			return "", err
		}
		return fmt.Sprint(info.Mode(), " ", info.Size()), nil
	case "env":
		return os.Getenv(path), nil
	case "who":
		dir, err := os.Getwd()
		return fmt.Sprintf("pid %d uid %d gid %d in %s home %s", os.Getpid(), os.Getuid(), os.Getgid(), dir, os.Getenv("HOME")), err
	case "args":
		return strings.Join(os.Args[1:], " "), nil
	case "say":
		fmt.Println(rest)
		return "", nil
	case "exit":
		code, _ := strconv.Atoi(path) // 0 otherwise
		os.Exit(code)
	case "fail":
		return "", fmt.Errorf("told to fail")
	}
	return event, nil
}
