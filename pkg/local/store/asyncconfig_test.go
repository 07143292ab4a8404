package store

import (
	"testing"

	"s/pkg/fc"
)

func TestAsyncConfigs(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	config := func(function, qualifier string) *AsyncConfig {
		return &AsyncConfig{Region: "r", Function: function, Qualifier: qualifier, Config: fc.AsyncConfig{AsyncTask: true}, Created: "then", Modified: "then"}
	}
	wantError[*NotFoundError](t, s.PutAsyncConfig(config("f", "LATEST")))
	must(t, s.CreateFunction(function("f")), s.CreateFunction(function("g")))
	must(t, s.PutAsyncConfig(config("g", "LATEST")), s.PutAsyncConfig(config("f", "prod")), s.PutAsyncConfig(config("f", "LATEST")))
	again := config("f", "LATEST")
	again.Created, again.Modified = "now", "now"
	must(t, s.PutAsyncConfig(again))
	must(t, s.DeleteFunction("r", "g", accept), s.Close())

	s = open(t, dir)
	all := s.AsyncConfigs("r")
	if len(all) != 2 || all[0].Qualifier != "LATEST" || all[1].Qualifier != "prod" || len(s.AsyncConfigs("other")) != 0 {
		t.Fatalf("%+v", all)
	}
	if c := all[0]; c.Created != "then" || c.Modified != "now" || !c.Config.AsyncTask {
		t.Errorf("%+v", c)
	}
	must(t, s.DeleteAsyncConfig("r", "f", "LATEST"), s.DeleteAsyncConfig("r", "f", "LATEST"))
	wantError[*NotFoundError](t, s.DeleteAsyncConfig("r", "none", "LATEST"))
	_, err := s.AsyncConfig("r", "f", "LATEST")
	wantError[*NotFoundError](t, err)
	_, err = s.AsyncConfig("r", "f", "prod")
	must(t, err)
	must(t, s.CreateFunction(function("g")))
	_, err = s.AsyncConfig("r", "g", "LATEST") // of the one that was deleted
	wantError[*NotFoundError](t, err)
}
