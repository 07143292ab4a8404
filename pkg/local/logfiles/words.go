package logfiles

import (
	"strings"
	"unicode/utf8"
)

// isDelimiter are what parts a text into words (SLS's standard ones).
var isDelimiter = [256]bool{
	',': true, ' ': true, '\'': true, '"': true, ';': true, '=': true, '(': true, ')': true, '[': true, ']': true, '{': true, '}': true,
	'?': true, '@': true, '&': true, '<': true, '>': true, '/': true, ':': true, '\n': true, '\t': true, '\r': true,
}

// Words are the words of a text, in lower case.
func Words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < utf8.RuneSelf && isDelimiter[r] })
}

// HasWord reports whether a text has a word, which is in lower case; one that ends in *
// is the beginning of a word.
func HasWord(text, word string) bool {
	start, isStart := strings.CutSuffix(word, "*")
	first := byte(0) // what words begin with that are looked at, if they do with ASCII
	if word != "" && word != "*" && word[0] < utf8.RuneSelf {
		first = word[0]
	}
	for text != "" {
		var have string
		if have, text = nextWord(text); have == "" || first != 0 && have[0] < utf8.RuneSelf && lower(have[0]) != first {
			continue
		}
		if isWord(have, word) || isStart && begins(have, start) {
			return true
		}
	}
	return false
}

// nextWord cuts the first word off a text.
func nextWord(text string) (word, rest string) {
	for i := 0; i < len(text); i++ {
		if isDelimiter[text[i]] {
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

func isWord(have, word string) bool {
	if ascii(have) {
		return len(have) == len(word) && begins(have, word)
	}
	return strings.ToLower(have) == word
}

// begins reports whether a word begins with what is in lower case.
func begins(have, start string) bool {
	if !ascii(have) {
		return strings.HasPrefix(strings.ToLower(have), start)
	}
	if len(have) < len(start) {
		return false
	}
	for i := range len(start) {
		if lower(have[i]) != start[i] {
			return false
		}
	}
	return true
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
