package access

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"unicode/utf8"
)

// passphrase is the constant with which Serverless Devs obscures its
// access.yaml (reference: credential 0.0.10). It protects nothing; it is here
// to read the file.
const passphrase = "SecretKey123"

// OpenSSL's container: "Salted__", eight bytes of salt, AES-256-CBC.
const (
	saltHeader = "Salted__"
	saltSize   = 8
	keySize    = 32
)

var errCipher = errors.New("not an encrypted value")

// reveal gives the text behind a value of access.yaml. What isn't encrypted is
// the text itself, as the peer has it.
func reveal(value string) string {
	if text, err := decrypt(value); err == nil {
		return text
	}
	return value
}

func decrypt(value string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return "", errCipher
	}
	head := len(saltHeader) + saltSize
	if len(raw) < head+aes.BlockSize || len(raw)%aes.BlockSize != 0 || string(raw[:len(saltHeader)]) != saltHeader {
		return "", errCipher
	}
	key, iv := deriveKey([]byte(passphrase), raw[len(saltHeader):head])
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	text := make([]byte, len(raw)-head)
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(text, raw[head:])
	text, ok := unpad(text)
	if !ok || !utf8.Valid(text) {
		return "", errCipher
	}
	return string(text), nil
}

// unpad takes PKCS #7 padding off.
func unpad(text []byte) ([]byte, bool) {
	n := int(text[len(text)-1])
	if n == 0 || n > aes.BlockSize || n > len(text) {
		return nil, false
	}
	for _, b := range text[len(text)-n:] {
		if int(b) != n {
			return nil, false
		}
	}
	return text[:len(text)-n], true
}

// deriveKey is OpenSSL's EVP_BytesToKey with MD5 and one round.
func deriveKey(pass, salt []byte) (key, iv []byte) {
	var derived, last []byte
	for len(derived) < keySize+aes.BlockSize {
		h := md5.New()
		h.Write(last)
		h.Write(pass)
		h.Write(salt)
		last = h.Sum(nil)
		derived = append(derived, last...)
	}
	return derived[:keySize], derived[keySize : keySize+aes.BlockSize]
}
