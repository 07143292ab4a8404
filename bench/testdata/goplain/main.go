// Goplain is a no-op function of runtime go1 whose client of the Runtime API is
// written by hand: one connection, one goroutine, a result and the next question in
// one write. It shows what the loop takes where the client takes little.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
)

const base = "/2020-11-11/runtime/invocation/"

func main() {
	addr := os.Getenv("FC_RUNTIME_API")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(conn, addr); err != nil {
		log.Fatal(err)
	}
}

// serve answers every event with an object that has it.
func serve(conn net.Conn, host string) error {
	ask := "GET " + base + "next HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
	if _, err := io.WriteString(conn, ask); err != nil {
		return err
	}
	in := bufio.NewReaderSize(conn, 16<<10)
	var out bytes.Buffer
	for {
		id, event, err := read(in)
		if err != nil {
			return err
		}
		if id == "" {
			continue // the answer to a result
		}
		fmt.Printf("FC Invoke Start RequestId: %s\n", id)
		body := fmt.Sprintf(`{"Name":%q}`, event)
		fmt.Printf("FC Invoke End RequestId: %s\n", id)
		out.Reset()
		fmt.Fprintf(&out, "POST %s%s/response HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s%s", base, id, host, len(body), body, ask)
		if _, err := conn.Write(out.Bytes()); err != nil {
			return err
		}
	}
}

// read reads an answer: the request id in its head, if there is one, and its body.
func read(in *bufio.Reader) (id string, body []byte, err error) {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return "", nil, err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return "", nil, fmt.Errorf("refused: %s", status)
	}
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return "", nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			_, err := io.ReadFull(in, body)
			return id, body, err
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("x-fc-request-id")):
			id = string(value)
		case bytes.EqualFold(name, []byte("content-length")):
			length, err := strconv.Atoi(string(value))
			if err != nil {
				return "", nil, err
			}
			body = make([]byte, length)
		}
	}
}
