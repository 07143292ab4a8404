package faultproxy

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// lifetime is how long the certificates of a proxy are good for.
const lifetime = 24 * time.Hour

// Intercept lets the proxy end the encryption of whatever host clients connect to
// by way of it, as proxies of companies do, and ask its server instead. It gives the
// variables that make a program use the proxy and trust it: HTTP_PROXY, HTTPS_PROXY
// and SSL_CERT_FILE.
func (p *Proxy) Intercept(t testing.TB) map[string]string {
	t.Helper()
	made, err := newCertificates()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.root.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.certificates = made
	p.mu.Unlock()
	return map[string]string{"HTTP_PROXY": p.URL, "HTTPS_PROXY": p.URL, "SSL_CERT_FILE": file}
}

// connect is the CONNECT of HTTP: what comes over the connection from here on is
// for the host itself, encrypted. A rule for the method CONNECT may refuse it.
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	_, fault := p.take(r)
	p.mu.Lock()
	made := p.certificates
	p.mu.Unlock()
	switch {
	case fault.Kind == Answer:
		fault.answer(w)
		return
	case fault.Kind != "" || made == nil:
		hangUp(w, nil)
		return
	}
	raw, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if _, err := raw.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = raw.Close()
		return
	}
	secured := tls.Server(buffered{raw, buffer.Reader}, &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: made.of, NextProtos: []string{"http/1.1"},
	})
	server := &http.Server{Handler: p, ReadHeaderTimeout: lifetime, ErrorLog: log.New(io.Discard, "", 0)} // who doesn't trust it says so
	_ = server.Serve(&single{conn: secured, closed: p.closed})                                            // it ends with the proxy
}

// buffered is a connection of which something was read already.
type buffered struct {
	net.Conn
	reader *bufio.Reader
}

// Read gives first what was read already.
func (b buffered) Read(p []byte) (int, error) { return b.reader.Read(p) }

// single is a listener that gives one connection and then waits for the end.
type single struct {
	once   sync.Once
	conn   net.Conn
	closed chan struct{}
}

// Accept gives the connection once.
func (s *single) Accept() (net.Conn, error) {
	var conn net.Conn
	s.once.Do(func() { conn = s.conn })
	if conn != nil {
		return conn, nil
	}
	<-s.closed
	_ = s.conn.Close()
	return nil, net.ErrClosed
}

// Close does nothing: the proxy's end does.
func (s *single) Close() error { return nil }

// Addr is the connection's.
func (s *single) Addr() net.Addr { return s.conn.LocalAddr() }

// certificates makes one for each host.
type certificates struct {
	root *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newCertificates() (*certificates, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "proxy of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lifetime),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	root, err := x509.ParseCertificate(der)
	return &certificates{root, key}, err
}

// of makes the certificate of the host that a client asks for.
func (c *certificates) of(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{hello.ServerName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.root, &c.key.PublicKey, c.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: c.key}, nil
}
