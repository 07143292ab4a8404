package access

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// How long a session of a key pair lasts, in seconds (sdk/auth/signers of
// alibaba-cloud-sdk-go 1.63).
const (
	minKeyPairSeconds = 900
	maxKeyPairSeconds = 3600
)

// keyPair fetches a session key for an RSA key pair (GenerateSessionAccessKey),
// which the Japanese site has. The request is signed in the way of RPC 1.0 with
// SHA256withRSA. credentials-go, which the CLI uses, names the key pair as
// AccessKeyId and alibaba-cloud-sdk-go as PublicKeyId: both are sent. The host is
// the CLI's.
func (o Options) keyPair(ctx context.Context, p profile) (Credentials, error) {
	if p.KeyPairName == "" || p.PrivateKey == "" {
		return Credentials{}, errors.New("it takes key_pair_name and private_key, and lacks one of them")
	}
	seconds := p.Seconds
	if seconds == 0 {
		seconds = maxKeyPairSeconds
	}
	if seconds < minKeyPairSeconds || seconds > maxKeyPairSeconds {
		return Credentials{}, fmt.Errorf("expired_seconds is %d; a key pair takes %d to %d", seconds, minKeyPairSeconds, maxKeyPairSeconds)
	}
	key, err := readPrivateKey(p.PrivateKey)
	if err != nil {
		return Credentials{}, err
	}
	u, err := o.stsURL()
	if err != nil {
		return Credentials{}, err
	}
	fingerprint := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	question := []string{"keypair", u.String(), p.KeyPairName, hex.EncodeToString(fingerprint[:]), strconv.Itoa(seconds)}
	return o.cached(ctx, question, func(ctx context.Context) (session, error) {
		query := url.Values{
			"Action": {"GenerateSessionAccessKey"}, "Version": {stsVersion}, "Format": {"JSON"},
			"AccessKeyId": {p.KeyPairName}, "PublicKeyId": {p.KeyPairName}, "DurationSeconds": {strconv.Itoa(seconds)},
			"SignatureMethod": {"SHA256withRSA"}, "SignatureType": {"PRIVATEKEY"}, "SignatureVersion": {"1.0"},
			"SignatureNonce": {rand.Text()}, "Timestamp": {o.now().UTC().Format("2006-01-02T15:04:05Z")},
		}
		if err := signRPC(query, http.MethodGet, key); err != nil {
			return session{}, err
		}
		u.RawQuery = query.Encode()
		return o.sessionKey(ctx, u)
	})
}

// sessionKey asks for the key, and reads the answer.
func (o Options) sessionKey(ctx context.Context, u *url.URL) (session, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return session{}, err
	}
	status, answer, err := o.send(r, false)
	if err != nil {
		return session{}, err
	}
	if status != http.StatusOK {
		refused := &STSError{}
		if json.Unmarshal(answer, refused) != nil || refused.Code == "" {
			return session{}, fmt.Errorf("%s answers HTTP %d, and not what STS says", u.Host, status)
		}
		refused.Action, refused.Status = "GenerateSessionAccessKey", status
		return session{}, refused
	}
	var got struct {
		SessionAccessKey struct{ SessionAccessKeyID, SessionAccessKeySecret, Expiration string }
	}
	if json.Unmarshal(answer, &got) != nil {
		return session{}, fmt.Errorf("the answer of %s isn't JSON", u.Host)
	}
	k := got.SessionAccessKey
	return session{AccessKeyID: k.SessionAccessKeyID, AccessKeySecret: k.SessionAccessKeySecret, Expiration: k.Expiration}, nil
}

// signRPC adds the signature of the parameters.
func signRPC(query url.Values, method string, key *rsa.PrivateKey) error {
	sum := sha256.Sum256([]byte(stringToSign(query, method)))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return fmt.Errorf("private_key: %w", err)
	}
	query.Set("Signature", base64.StdEncoding.EncodeToString(signature))
	return nil
}

// stringToSign is that of RPC 1.0: the parameters in order, percent-encoded as
// RFC 3986 has it, twice.
func stringToSign(query url.Values, method string) string {
	return method + "&%2F&" + url.QueryEscape(strings.NewReplacer("+", "%20", "*", "%2A").Replace(query.Encode()))
}

// readPrivateKey reads private_key of a profile: the key itself, as PEM or as
// the base64 of DER, or the path of a file with it. PKCS #8 and PKCS #1 are known.
func readPrivateKey(text string) (*rsa.PrivateKey, error) {
	if key, err := parsePrivateKey(text); err == nil || strings.Contains(text, "-----BEGIN") {
		return key, err
	}
	data, err := os.ReadFile(text)
	if err != nil {
		// What isn't a path may be a key: it isn't shown.
		return nil, errors.New("private_key is neither an RSA key nor the path of a file that can be read")
	}
	return parsePrivateKey(string(data))
}

var errNoKey = errors.New("private_key is no RSA key in PEM or base64")

func parsePrivateKey(text string) (*rsa.PrivateKey, error) {
	var der []byte
	if block, _ := pem.Decode([]byte(strings.TrimSpace(text) + "\n")); block != nil {
		der = block.Bytes
	} else {
		var err error
		if der, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err != nil {
			return nil, errNoKey
		}
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if own, ok := key.(*rsa.PrivateKey); ok {
			return own, nil
		}
		return nil, errNoKey
	}
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return nil, errNoKey
	}
	return key, nil
}
