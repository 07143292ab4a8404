package acceptance

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// requestsRow is a row of the table in docs/requests.md.
type requestsRow struct{ project, english, chinese string }

// requestsRows are the projects in the order of the table.
func requestsRows() []requestsRow {
	return []requestsRow{
		{"event", "a function", "一个函数"},
		{"http", "with an HTTP trigger", "HTTP 触发器"},
		{"timer", "with a timer trigger", "定时触发器"},
		{"triggers", "with HTTP, timer and OSS triggers", "HTTP、定时与 OSS 触发器"},
		{"async", "with `asyncInvokeConfig` and a destination", "`asyncInvokeConfig` 与目标"},
		{"provision", "with `provisionConfig`", "`provisionConfig`"},
		{"instances", "with `concurrencyConfig` and `scalingConfig`", "`concurrencyConfig` 与 `scalingConfig`"},
		{"network", "with `vpcBinding` and `customDomain`", "`vpcBinding` 与 `customDomain`"},
		{"layers", "with layers, variables and tags", "层、环境变量与标签"},
		{"container", "from an image", "镜像"},
		{"full", "with all of this at once", "以上全部"},
		{"services", "edition 1.0.0: a service, a function, a timer", "edition 1.0.0：服务、函数、定时触发器"},
	}
}

// checkRequestsTables: the documentation says what was counted.
func checkRequestsTables(t *testing.T, counts map[string]map[string]int) {
	t.Helper()
	for name, chinese := range map[string]bool{"requests.md": false, "requests.zh-CN.md": true} {
		path := filepath.Join("..", "docs", name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		const begin, end = "<!-- counted: begin -->\n", "<!-- counted: end -->"
		before, rest, ok := bytes.Cut(data, []byte(begin))
		_, after, closed := bytes.Cut(rest, []byte(end))
		if !ok || !closed {
			t.Fatalf("%s has no place for the table", path)
		}
		text := string(before) + begin + "\n" + requestsTable(t, counts, chinese) + "\n" + end + string(after)
		if *update {
			err = os.WriteFile(path, []byte(text), 0o644)
		} else if text != string(data) {
			err = fmt.Errorf("%s isn't what was counted: run the test with -update", path)
		}
		if err != nil {
			t.Error(err)
		}
	}
	if n := counts["event"]["again"]; n > 5 {
		t.Errorf("a deployment of one function that changes nothing makes %d calls", n)
	}
}

// requestsTable counts ours, and the peer's where they were recorded.
func requestsTable(t *testing.T, counts map[string]map[string]int, chinese bool) string {
	t.Helper()
	columns := []string{"deploy", "again", "plan", "info", "code", "config", "remove"}
	head := "| `s.yaml` | first deployment | unchanged | `plan` | `info` | code changed | settings changed | `remove` |\n"
	if chinese {
		head = "| `s.yaml` | 首次部署 | 无变化 | `plan` | `info` | 代码变化 | 配置变化 | `remove` |\n"
	}
	var table strings.Builder
	table.WriteString(head + "|---|" + strings.Repeat(":-:|", len(columns)) + "\n")
	for _, row := range requestsRows() {
		title := row.english
		if chinese {
			title = row.chinese
		}
		peer := readPeerFacts(t, row.project, someAccount)
		fmt.Fprintf(&table, "| %s |", title)
		for _, column := range columns {
			fmt.Fprintf(&table, " %d", counts[row.project][column])
			if n := peer.Calls[column]; n > 0 {
				fmt.Fprintf(&table, " / %d", n)
			}
			table.WriteString(" |")
		}
		table.WriteString("\n")
	}
	return table.String()
}
