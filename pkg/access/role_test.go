package access

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"s/pkg/access/accesstest"
)

func TestAssumeRole(t *testing.T) {
	o, server := cloud(t, nil, "")
	source := Credentials{AccessKeyID: "cliId", AccessKeySecret: "cliSecret"}
	c, until, err := AssumeRole(t.Context(), o, source, accesstest.RoleARN)
	if err != nil || c.AccessKeyID != "sts-of-cliId" || c.SecurityToken != accesstest.GivenToken {
		t.Fatalf("%v %v", c, err)
	}
	if left := time.Until(until); left < 50*time.Minute || left > time.Hour {
		t.Errorf("they end in %v", left)
	}
	if again, _, err := AssumeRole(t.Context(), o, source, accesstest.RoleARN); err != nil || again != c {
		t.Errorf("%v %v", again, err)
	}
	if calls := server.Calls(); !slices.Equal(calls, []string{"AssumeRole"}) {
		t.Errorf("STS was asked for %v", calls)
	}
	var refused *STSError
	if _, _, err := AssumeRole(t.Context(), o, source, accesstest.RoleARN+"x"); !errors.As(err, &refused) || refused.Code != "EntityNotExist.Role" {
		t.Error(err)
	}
	if _, _, err := AssumeRole(t.Context(), o, source, ""); err == nil {
		t.Error("no role is enough")
	}
	_, _, err = AssumeRole(t.Context(), o, Credentials{AccessKeyID: "cliId", AccessKeySecret: "wrong-secret"}, accesstest.RoleARN+"y")
	if !errors.As(err, &refused) || strings.Contains(err.Error(), "wrong-secret") {
		t.Error(err)
	}
}

func TestAssumeRoleOffline(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	o, _ := cloud(t, map[string]string{envSTSEndpoint: "http://" + l.Addr().String()}, "")
	_, _, err = AssumeRole(t.Context(), o, Credentials{AccessKeyID: "i", AccessKeySecret: "s"}, accesstest.RoleARN)
	if !IsOffline(err) {
		t.Error(err)
	}
}
