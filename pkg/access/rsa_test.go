package access

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/signers"

	"s/pkg/access/accesstest"
)

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func keyPairProfile(t *testing.T, key, name string, seconds string) string {
	t.Helper()
	text, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	return cliProfiles(`"mode": "RsaKeyPair", "private_key": ` + string(text) + `, "key_pair_name": "` + name + `", "expired_seconds": ` + seconds)
}

func TestKeyPair(t *testing.T) {
	t.Parallel()
	key := rsaKey(t)
	der := pkcs8(t, key)
	file := filepath.Join(t.TempDir(), "key.pem")
	writeFile(t, file, pemOf("PRIVATE KEY", der))
	for name, text := range map[string]string{
		"PEM": pemOf("PRIVATE KEY", der), "PKCS #1": pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)),
		"base64": base64.StdEncoding.EncodeToString(der), "base64 in lines": "MII" + strings.ReplaceAll(base64.StdEncoding.EncodeToString(der)[3:], "A", "A\n"), "a file": file,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, server := loggedIn(t, func(string) string { return keyPairProfile(t, text, accesstest.KeyPairName, "900") })
			server.KeyPair = &key.PublicKey
			for range 2 {
				c, err := Resolve(t.Context(), o)
				if err != nil || c.AccessKeyID != "session-key" || c.AccessKeySecret != accesstest.GivenSecret || c.SecurityToken != "" {
					t.Fatalf("%v, %v", c, err)
				}
				// The key that was given signs.
				if account, err := Identity(t.Context(), o, c); err != nil || account != accesstest.AccountID {
					t.Errorf("%s, %v", account, err)
				}
			}
			if got := server.Calls(); len(got) != 3 || got[0] != "GenerateSessionAccessKey" {
				t.Errorf("asked for %v", got)
			}
		})
	}
}

func TestBadKeyPairs(t *testing.T) {
	t.Parallel()
	key := rsaKey(t)
	good := pemOf("PRIVATE KEY", pkcs8(t, key))
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, key, pair, seconds, says string }{
		{"no key", "", accesstest.KeyPairName, "0", "lacks one of them"},
		{"no key, no file", "hushhush", accesstest.KeyPairName, "0", "neither an RSA key nor the path of a file"},
		{"a broken key", "-----BEGIN PRIVATE KEY-----\nhushhush\n-----END PRIVATE KEY-----\n", accesstest.KeyPairName, "0", "is no RSA key"},
		{"another kind", pemOf("PRIVATE KEY", pkcs8(t, curve)), accesstest.KeyPairName, "0", "is no RSA key"},
		{"too short", good, accesstest.KeyPairName, "60", "takes 900 to 3600"},
		{"an unknown pair", good, "none", "0", "InvalidAccessKeyId.NotFound"},
		{"another key", pemOf("PRIVATE KEY", pkcs8(t, rsaKey(t))), accesstest.KeyPairName, "0", "SignatureDoesNotMatch"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, server := loggedIn(t, func(string) string { return keyPairProfile(t, tt.key, tt.pair, tt.seconds) })
			server.KeyPair = &key.PublicKey
			c, err := Resolve(t.Context(), o)
			var provider *ProviderError
			if !errors.As(err, &provider) || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("%v, %v", c, err)
			}
			nothingShows(t, err)
		})
	}
}

// TestSignatureIsThatOfTheSDK of Alibaba Cloud: it is the same text for the same
// parameters and key.
func TestSignatureIsThatOfTheSDK(t *testing.T) {
	t.Parallel()
	key := rsaKey(t)
	query := url.Values{"Action": {"GenerateSessionAccessKey"}, "x": {"a b*~/+ü"}}
	text := stringToSign(query, http.MethodGet)
	if err := signRPC(query, http.MethodGet, key); err != nil {
		t.Fatal(err)
	}
	theirs := signers.NewSignerV2(credentials.NewRsaKeyPairCredential(base64.StdEncoding.EncodeToString(pkcs8(t, key)), accesstest.KeyPairName, 900))
	if got, want := query.Get("Signature"), theirs.Sign(text, ""); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if name := theirs.GetName() + theirs.GetType() + theirs.GetVersion(); name != "SHA256withRSAPRIVATEKEY1.0" {
		t.Errorf("the SDK calls it %s", name)
	}
}

func TestStringToSign(t *testing.T) {
	t.Parallel()
	// The example of the RPC signature in the documentation of Alibaba Cloud's API.
	query := url.Values{}
	for name, value := range map[string]string{
		"Timestamp": "2016-02-23T12:46:24Z", "Format": "XML", "AccessKeyId": "testid", "Action": "DescribeRegions", "SignatureMethod": "HMAC-SHA1",
		"SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf", "Version": "2014-05-26", "SignatureVersion": "1.0",
	} {
		query.Set(name, value)
	}
	want := "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf%26SignatureVersion%3D1.0%26Timestamp%3D2016-02-23T12%253A46%253A24Z%26Version%3D2014-05-26"
	if got := stringToSign(query, http.MethodGet); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := stringToSign(url.Values{"a b": {"*~+/"}}, "GET"); got != "GET&%2F&a%2520b%3D%252A~%252B%252F" {
		t.Error(got)
	}
}
