package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"unicode/utf8"
)

// PeerPassphrase is the constant with which Serverless Devs obscures its
// access.yaml (credential 0.0.10). It protects nothing; it is here to read the
// file.
const PeerPassphrase = "SecretKey123"

// OpenSSL's container: "Salted__", eight bytes of salt, AES-256-CBC.
const (
	saltHeader = "Salted__"
	saltSize   = 8
	keySize    = 32
)

// ErrCipher says that a value is encrypted with a passphrase that isn't known.
var ErrCipher = errors.New("encrypted with another passphrase")

// Reveal gives the text behind a value of Serverless Devs, trying each
// passphrase. What isn't encrypted is the text itself, as that program has it.
// The error is ErrCipher if none fits.
func Reveal(value string, passphrases ...string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(raw) < len(saltHeader) || string(raw[:len(saltHeader)]) != saltHeader {
		return value, nil
	}
	for _, passphrase := range passphrases {
		if text, err := decrypt(raw, passphrase); err == nil {
			return text, nil
		}
	}
	return "", ErrCipher
}

func decrypt(raw []byte, passphrase string) (string, error) {
	head := len(saltHeader) + saltSize
	if len(raw) < head+aes.BlockSize || len(raw)%aes.BlockSize != 0 {
		return "", ErrCipher
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
		return "", ErrCipher
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
