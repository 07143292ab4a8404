package jwtauth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

var (
	errNoKey     = errors.New("no key")
	errAlgorithm = errors.New("algorithm")
)

// minRSABits is what crypto/rsa wants of a key, in bits.
const minRSABits = 1024

// algorithms are those that Function Compute has.
func algorithms() []string {
	return []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512", "EdDSA",
	}
}

// key is a key and the algorithm that it is for.
type key struct {
	key any // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey or []byte
	alg string
}

// jwk is a JSON Web Key (RFC 7517, 7518 and 8037); private parts are left alone.
type jwk struct {
	Kty string `json:"kty"`
	Alg string `json:"alg"`
	Use string `json:"use"`
	Kid string `json:"kid"`
	Crv string `json:"crv"`
	N   string `json:"n"`
	E   string `json:"e"`
	X   string `json:"x"`
	Y   string `json:"y"`
	K   string `json:"k"`
}

// readKeys reads the keys of a set, by their ids: one at most may have none.
func readKeys(list []json.RawMessage) (map[string]key, error) {
	if len(list) == 0 {
		return nil, errors.New("jwks.keys is required")
	}
	out := map[string]key{}
	for i, text := range list {
		var j jwk
		if err := json.Unmarshal(text, &j); err != nil {
			return nil, fmt.Errorf("jwks.keys[%d] is no JSON Web Key", i)
		}
		k, err := j.key()
		if err == nil && j.Use != "" && j.Use != "sig" {
			err = fmt.Errorf("use '%s' is not sig", j.Use)
		}
		if _, twice := out[j.Kid]; err == nil && twice {
			err = fmt.Errorf("kid '%s' is there twice", j.Kid)
		}
		if err != nil {
			return nil, fmt.Errorf("jwks.keys[%d]: %w", i, err)
		}
		out[j.Kid] = k
	}
	return out, nil
}

func (j *jwk) key() (key, error) {
	k := key{alg: j.Alg}
	var algs []string
	var err error
	switch j.Kty {
	case "RSA":
		algs = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
		k.key, err = j.rsa()
	case "EC":
		k.key, algs, err = j.ec()
	case "OKP":
		algs = []string{"EdDSA"}
		k.key, err = j.ed()
	case "oct":
		algs = []string{"HS256", "HS384", "HS512"}
		var secret []byte
		if secret, err = part("k", j.K); err == nil && len(secret) == 0 {
			err = errors.New("k is required")
		}
		k.key = secret
	default:
		return k, fmt.Errorf("kty '%s' is not one of RSA, EC, OKP and oct", j.Kty)
	}
	if err != nil {
		return k, err
	}
	if !slices.Contains(algs, j.Alg) {
		return k, fmt.Errorf("alg '%s' is not one of %s", j.Alg, strings.Join(algs, ", "))
	}
	return k, nil
}

func (j *jwk) rsa() (any, error) {
	n, err := number("n", j.N)
	if err != nil {
		return nil, err
	}
	e, err := number("e", j.E)
	if err != nil {
		return nil, err
	}
	switch {
	case n.BitLen() < minRSABits:
		return nil, fmt.Errorf("n has %d bits, it must have %d at least", n.BitLen(), minRSABits)
	case e.BitLen() > 31 || e.Int64() < 3 || e.Bit(0) == 0:
		return nil, errors.New("e is no exponent of an RSA key")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

func (j *jwk) ec() (pub any, algs []string, err error) {
	var curve elliptic.Curve
	switch j.Crv {
	case "P-256":
		curve, algs = elliptic.P256(), []string{"ES256"}
	case "P-384":
		curve, algs = elliptic.P384(), []string{"ES384"}
	case "P-521":
		curve, algs = elliptic.P521(), []string{"ES512"}
	default:
		return nil, nil, fmt.Errorf("crv '%s' is not one of P-256, P-384 and P-521", j.Crv)
	}
	x, err := part("x", j.X)
	if err != nil {
		return nil, nil, err
	}
	y, err := part("y", j.Y)
	if err != nil {
		return nil, nil, err
	}
	size := (curve.Params().BitSize + 7) / 8
	if len(x) != size || len(y) != size {
		return nil, nil, fmt.Errorf("x and y must have %d bytes each", size)
	}
	pub, err = ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, nil, errors.New("x and y are no point of the curve")
	}
	return pub, algs, nil
}

func (j *jwk) ed() (any, error) {
	if j.Crv != "Ed25519" {
		return nil, fmt.Errorf("crv '%s' is not Ed25519", j.Crv)
	}
	x, err := part("x", j.X)
	if err != nil {
		return nil, err
	}
	if len(x) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("x must have %d bytes", ed25519.PublicKeySize)
	}
	return ed25519.PublicKey(x), nil
}

// part decodes a field of a key.
func part(name, text string) ([]byte, error) {
	out, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, fmt.Errorf("%s is not base64url", name)
	}
	return out, nil
}

func number(name, text string) (*big.Int, error) {
	raw, err := part(name, text)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, fmt.Errorf("%s is required", name)
	}
	return new(big.Int).SetBytes(raw), nil
}
