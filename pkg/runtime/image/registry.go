package image

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"s/pkg/fc"
)

// Auth is who a registry's configuration says that asks; nil if it doesn't.
func Auth(registry *fc.RegistryConfig) authn.Authenticator {
	if registry == nil || registry.AuthConfig == nil || registry.AuthConfig.UserName == "" {
		return nil
	}
	return &authn.Basic{Username: registry.AuthConfig.UserName, Password: registry.AuthConfig.Password}
}

// Transport reaches a registry whose certificate is checked as its configuration
// says. base is what it is made from; nil is the library's.
func Transport(registry *fc.RegistryConfig, base http.RoundTripper) (http.RoundTripper, error) {
	if base == nil {
		base = remote.DefaultTransport
	}
	if registry == nil || registry.CertConfig == nil || *registry.CertConfig == (fc.RegistryCertConfig{}) {
		return base, nil
	}
	plain, ok := base.(*http.Transport)
	if !ok {
		return nil, errors.New("registryConfig.certConfig doesn't go with this transport")
	}
	plain = plain.Clone()
	cert := registry.CertConfig
	plain.TLSClientConfig = &tls.Config{InsecureSkipVerify: cert.Insecure} //nolint:gosec // who writes insecure wants that
	if cert.RootCACertBase64 != "" {
		pem, err := base64.StdEncoding.DecodeString(cert.RootCACertBase64)
		roots := x509.NewCertPool()
		if err != nil || !roots.AppendCertsFromPEM(pem) {
			return nil, errors.New("registryConfig.certConfig.rootCaCertBase64 is no certificate: base64 of a PEM file")
		}
		plain.TLSClientConfig.RootCAs = roots
	}
	return plain, nil
}
