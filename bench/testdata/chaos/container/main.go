// Container is the server of an image that does what an event orders, as the
// other functions of the chaos do.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"time"
)

type order struct {
	Do string `json:"do"`
	ID string `json:"id"`
}

func main() {
	if len(os.Args) > 1 { // started as an orphan
		time.Sleep(10 * time.Minute)
		return
	}
	log.Fatal(http.ListenAndServe("0.0.0.0:"+os.Getenv("FC_SERVER_PORT"), http.HandlerFunc(answer)))
}

func answer(w http.ResponseWriter, r *http.Request) {
	event, err := io.ReadAll(r.Body)
	var o order
	if err == nil {
		err = json.Unmarshal(event, &o)
	}
	if err == nil {
		err = o.carryOut()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprint(w, o.ID)
}

func (o order) carryOut() error {
	switch o.Do {
	case "fail":
		return fmt.Errorf("told to by %s", o.ID)
	case "exit":
		os.Exit(1)
	case "hang":
		time.Sleep(10 * time.Minute)
	case "orphan":
		return exec.Command("/proc/self/exe", "sleep").Start()
	case "print":
		fmt.Println(string(bytes.Repeat([]byte("x"), 200_000)))
	case "fill":
		path := "/tmp/filled-" + o.ID
		if err := os.WriteFile(path, make([]byte, 20_000_000), 0o644); err != nil {
			return err
		}
		return os.Remove(path)
	case "memory":
		var kept [][]byte
		for range 64 {
			kept = append(kept, bytes.Repeat([]byte{1}, 16<<20))
		}
		fmt.Println(len(kept))
	}
	return nil
}
