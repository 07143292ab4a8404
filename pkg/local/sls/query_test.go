package sls

import (
	"strings"
	"testing"
)

func testFields() []field {
	return []field{
		{"functionName", "printer"},
		{"message", `GET /users?id=7 answered "Not Found" in 12ms`},
		{"requestId", "1-6b09a338-5abae86d"},
		{"__topic__", "FCLogs:printer"},
		{"__source__", "127.0.0.1"},
	}
}

func TestQueries(t *testing.T) {
	for query, want := range map[string]bool{
		"":                                  true,
		"*":                                 true,
		"users":                             true,
		"USERS":                             true,
		"user":                              false,
		"user*":                             true,
		"users answered":                    true,
		"users and answered":                true,
		"users and nothing":                 false,
		"nothing or users":                  true,
		"nothing or nobody and users":       false,
		"not nothing":                       true,
		"not users":                         false,
		"users not nothing":                 true,
		"not not users":                     true,
		"(nothing or users) and (answered)": true,
		"NOT (users AND answered)":          false,
		`"not found"`:                       true,
		`"found not"`:                       true,
		`"a \" quote"`:                      false,
		`"and"`:                             false,
		"message: users":                    true,
		"message : users":                   true,
		"message: printer":                  false,
		"functionName: printer":             true,
		"functionName: print*":              true,
		"functionName: *":                   true,
		"nowhere: *":                        false,
		"requestId: 1-6b09a338-5abae86d":    true,
		`"1-6b09a338-5abae86d"`:             true,
		`__topic__: "FCLogs:printer"`:       true,
		`__topic__: "FCLogs"`:               false,
		`__topic__: *`:                      true,
		"FCLogs":                            false,
		"id 7":                              true,
		`""`:                                false,
	} {
		w, err := parseQuery(query)
		if err != nil || w.match(testFields()) != want {
			t.Errorf("%s: not %v (%v)", query, want, err)
		}
	}
}

func TestBadQueries(t *testing.T) {
	for query, says := range map[string]string{
		"(users":                    "isn't closed",
		"users)":                    "unexpected ')'",
		`"users`:                    "isn't closed",
		"and users":                 "unexpected 'and'",
		"users or":                  "breaks off",
		"not":                       "breaks off",
		"message:":                  "breaks off",
		"message: (a)":              "unexpected '('",
		": a":                       "unexpected ':'",
		"* | select count(*)":       "'|'",
		"status > 400":              "'>'",
		"a = b":                     "'='",
		strings.Repeat("(", 10_000): "too deep",
	} {
		if _, err := parseQuery(query); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40s: %v, want %s", query, err, says)
		}
	}
}

// FuzzParseQuery: what can be read can be used, and its negation is its opposite.
func FuzzParseQuery(f *testing.F) {
	for _, query := range []string{"users and (a or b) not c", `message: "x \" y"`, "a:b:c", "((", "* *", "not not"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		w, err := parseQuery(query)
		if err != nil || len(strings.TrimSpace(query)) == 0 {
			return
		}
		opposite, err := parseQuery("not (" + query + ")")
		if err != nil {
			if strings.Contains(err.Error(), "too deep") {
				return
			}
			t.Fatalf("%q can be read, its negation can't: %v", query, err)
		}
		if w.match(testFields()) == opposite.match(testFields()) {
			t.Errorf("%q and its negation agree", query)
		}
	})
}
