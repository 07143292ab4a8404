package httpconn

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// tunnel answers with the server's switch of protocols and then carries bytes
// both ways until one side ends.
func tunnel(w http.ResponseWriter, resp *Response, out *Outcome) error {
	client, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	defer client.Close()
	// net/http ends the request's context at the end of what the client sends;
	// the server may go on. From here on the two connections tell of their ends.
	resp.release()
	out.Written = true
	head := append([]byte("HTTP/1.1 "), strconv.Itoa(resp.Status)...)
	head = append(head, ' ')
	head = append(head, http.StatusText(resp.Status)...)
	head = append(head, "\r\n"...)
	for _, f := range resp.Fields {
		head = AppendField(head, f.Name, f.Value)
	}
	if err := client.SetDeadline(time.Time{}); err != nil {
		return err
	}
	if _, err := client.Write(append(head, "\r\n"...)); err != nil {
		return err
	}
	return carry(client, rw.Reader, resp.conn)
}

// carry copies both ways. When one direction ends, the other side is told; when
// it fails, both end.
func carry(client net.Conn, from *bufio.Reader, server *conn) error {
	up := make(chan error, 1)
	go func() {
		_, err := io.Copy(server.nc, from)
		if half, ok := server.nc.(interface{ CloseWrite() error }); ok && err == nil {
			err = half.CloseWrite()
		}
		if err != nil {
			_ = server.nc.Close()
		}
		up <- err
	}()
	_, err := io.Copy(client, server.br)
	_ = client.Close()
	if uerr := <-up; err == nil && uerr != nil && !isClosed(uerr) {
		err = uerr
	}
	return err
}

// isClosed reports the error of using a connection that was closed on purpose.
func isClosed(err error) bool {
	op := &net.OpError{}
	ok := errors.As(err, &op)
	return ok && errors.Is(op.Err, net.ErrClosed) || errors.Is(err, net.ErrClosed)
}
