package access

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// processTimeout bounds a program that prints credentials: it may ask its user
// something on the terminal.
const processTimeout = time.Minute

// process runs a program that prints credentials as JSON: with the names of
// the Alibaba Cloud CLI (mode, access_key_id, access_key_secret, sts_token) or
// with those of STS (AccessKeyId, AccessKeySecret, SecurityToken, Expiration). No shell
// is between. where is the file that has the command.
func (o Options) process(ctx context.Context, command, where string) (Credentials, error) {
	args, err := splitCommand(command)
	if err != nil {
		return Credentials{}, &ProviderError{where, err}
	}
	c, err := o.cached(ctx, append([]string{"process"}, args...), func(ctx context.Context) (session, error) {
		ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Timeout, processTimeout))
		defer cancel()
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.WaitDelay = time.Second
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		ended := o.Debug.Tool(cmd.Args)
		err := cmd.Run()
		ended(err)
		switch {
		case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
			return session{}, fmt.Errorf("%s didn't end in time", args[0])
		case err != nil:
			// Its own words may have what it knows; they aren't shown.
			return session{}, fmt.Errorf("%s: %w; run it by hand to see what it says", args[0], err)
		}
		return readProcess(args[0], out.Bytes())
	})
	if err != nil {
		return Credentials{}, &ProviderError{where, err}
	}
	return c, nil
}

func readProcess(program string, out []byte) (session, error) {
	var answer struct {
		session
		KeyID     string `json:"access_key_id"`
		KeySecret string `json:"access_key_secret"`
		Token     string `json:"sts_token"`
	}
	if json.Unmarshal(out, &answer) != nil {
		return session{}, fmt.Errorf("what %s prints isn't JSON with AccessKeyId and AccessKeySecret", program)
	}
	s := answer.session
	if s.AccessKeyID == "" {
		s.AccessKeyID, s.AccessKeySecret, s.SecurityToken = answer.KeyID, answer.KeySecret, answer.Token
	}
	return s, nil
}

var errQuote = errors.New("the command has a quote without an end")

// splitCommand splits a command line at spaces outside of quotes. A backslash
// is itself, as Windows needs it.
func splitCommand(command string) ([]string, error) {
	var args []string
	var word strings.Builder
	inWord := false
	var quote rune
	for _, c := range command {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '"' || c == '\'':
			quote, inWord = c, true
		case strings.ContainsRune(" \t\r\n", c):
			if inWord {
				args = append(args, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, errQuote
	}
	if inWord {
		args = append(args, word.String())
	}
	if len(args) == 0 || args[0] == "" {
		return nil, errors.New("the command is empty")
	}
	return args, nil
}
