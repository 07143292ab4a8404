// Goclient is a client of the Runtime API that behaves as Function Compute's Go
// runtime does where that differs from ours: it asks for the next invocation
// before it has answered the last, takes no status but 200, and drops an
// invocation whose deadline or timeout it can't read. Its handler answers an
// object with what it was given; the event "fail" is an error, "panic" too.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
)

const base = "/2020-11-11/runtime/"

type answer struct {
	RequestID string `json:"requestId"`
	Handler   string `json:"handler"`
	Event     string `json:"event"`
	Memory    string `json:"memory"`
	Region    string `json:"region"`
	Function  string `json:"function"`
	Type      string `json:"type"`
}

type failure struct {
	ErrorMessage string `json:"errorMessage"`
	ErrorType    string `json:"errorType"`
}

func main() {
	log.SetFlags(0)
	api := "http://" + os.Getenv("FC_RUNTIME_API") + base
	fmt.Println("FunctionCompute go runtime inited.")
	for {
		req, err := http.NewRequest(http.MethodGet, api+"invocation/next", nil)
		if err != nil {
			log.Fatal(err)
		}
		req.Header.Set("User-Agent", "aliyun-fc-go/"+runtime.Version())
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			log.Print(err)
			continue // at once, as the original does
		}
		event, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			log.Print(resp.Status, " ", err)
			continue
		}
		go serve(api, resp.Header, event)
	}
}

func serve(api string, h http.Header, event []byte) {
	id := h.Get("X-Fc-Request-Id")
	for _, name := range []string{"X-Fc-Function-Deadline", "X-Fc-Function-Timeout"} {
		if _, err := strconv.ParseInt(h.Get(name), 10, 64); err != nil {
			log.Printf("%s: %v", name, err)
			return
		}
	}
	fmt.Printf("FC Invoke Start RequestId: %s\n", id)
	defer func() {
		if p := recover(); p != nil {
			post(api+"invocation/"+id+"/error", failure{fmt.Sprint(p), "string"})
		}
	}()
	switch text := string(event); {
	case text == "fail":
		post(api+"invocation/"+id+"/error", failure{"asked to fail", "errorString"})
	case strings.HasPrefix(text, "panic"):
		panic(text)
	default:
		post(api+"invocation/"+id+"/response", answer{
			RequestID: id, Handler: h.Get("X-Fc-Function-Handler"), Event: text, Memory: h.Get("X-Fc-Function-Memory"),
			Region: h.Get("X-Fc-Region"), Function: h.Get("X-Fc-Function-Name"), Type: h.Get("X-Fc-Function-Type"),
		})
	}
}

func post(url string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		log.Fatal(err)
	}
	resp, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		log.Print(err)
		return
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		log.Print("result refused: ", resp.Status)
	}
}
