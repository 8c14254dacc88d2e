package prover

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert/yaml"
	"github.com/stretchr/testify/require"
)

// notOnDashboard are the metrics that the dashboard leaves out on purpose; none.
var notOnDashboard []string

// described is what a metric says of itself.
type described struct {
	help      string
	labels    []string
	histogram bool
}

// recorder is a registry that remembers what is registered.
type recorder struct {
	prometheus.Registerer
	list map[string]described
}

var descText = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "((?:[^"\\]|\\.)*)", .*variableLabels: \{([^}]*)\}\}$`)

func (r *recorder) MustRegister(list ...prometheus.Collector) {
	for _, c := range list {
		descs := make(chan *prometheus.Desc, 64)
		c.Describe(descs)
		close(descs)
		_, isVec := c.(*prometheus.HistogramVec)
		_, isOne := c.(prometheus.Histogram)
		for d := range descs {
			m := descText.FindStringSubmatch(d.String())
			if m == nil {
				panic("the client library writes descriptions in another way: " + d.String())
			}
			one := described{help: m[2], histogram: isVec || isOne}
			if m[3] != "" {
				one.labels = strings.Split(m[3], ",")
			}
			r.list[m[1]] = one
		}
	}
}

// exported are all metrics of NewMetrics, by name.
func exported() map[string]described {
	r := &recorder{list: make(map[string]described)}
	NewMetrics(r)
	return r.list
}

var (
	metricName = regexp.MustCompile(`\bproverd_[a-z_]+`)
	selector   = regexp.MustCompile(`\b(proverd_[a-z_]+)\{([^}]*)\}`)
	labelName  = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)`)
)

// used returns the metrics that an expression names, and checks them.
func used(t *testing.T, expr string) (names []string) {
	t.Helper()
	all := exported()
	known := func(name string) (string, described) {
		d, ok := all[name]
		if ok {
			require.False(t, d.histogram, "%s is a histogram: %s", name, expr)
			return name, d
		}
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base, cut := strings.CutSuffix(name, suffix); cut && all[base].histogram {
				return base, all[base]
			}
		}
		require.Fail(t, "no such metric", "%s in %s", name, expr)
		return "", described{}
	}
	for _, name := range metricName.FindAllString(expr, -1) {
		base, _ := known(name)
		names = append(names, base)
	}
	for _, s := range selector.FindAllStringSubmatch(expr, -1) {
		_, d := known(s[1])
		for _, l := range labelName.FindAllStringSubmatch(s[2], -1) {
			require.True(t, l[1] == "job" || l[1] == "instance" || slices.Contains(d.labels, l[1]), "label %s of %s in %s", l[1], s[1], expr)
		}
	}
	require.Equal(t, strings.Count(expr, "("), strings.Count(expr, ")"), expr)
	return names
}

func operations(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "docs", "operations", "proverd", name))
	require.NoError(t, err)
	return raw
}

func TestDashboardShowsEveryMetric(t *testing.T) {
	type target struct {
		Expr       string `json:"expr"`
		Datasource struct {
			UID string `json:"uid"`
		} `json:"datasource"`
	}
	var d struct {
		Title      string `json:"title"`
		Templating struct {
			List []struct{ Name, Type, Definition string } `json:"list"`
		} `json:"templating"`
		Panels []struct {
			ID      int      `json:"id"`
			Type    string   `json:"type"`
			Title   string   `json:"title"`
			Targets []target `json:"targets"`
			GridPos struct{ H, W, X, Y int }
		} `json:"panels"`
	}
	require.NoError(t, json.Unmarshal(operations(t, "dashboard.json"), &d))
	shown, ids := map[string]bool{}, map[int]bool{}
	require.Equal(t, "row", d.Panels[0].Type)
	for _, p := range d.Panels {
		require.NotEmpty(t, p.Title)
		require.False(t, ids[p.ID], "id of %s", p.Title)
		ids[p.ID] = true
		require.Positive(t, p.GridPos.H*p.GridPos.W, p.Title)
		require.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		require.Equal(t, p.Type == "row", len(p.Targets) == 0, p.Title)
		for _, q := range p.Targets {
			require.Equal(t, "${datasource}", q.Datasource.UID, p.Title)
			require.Contains(t, q.Expr, `{job=~"$job",instance=~"$instance"`, p.Title)
			for _, name := range used(t, q.Expr) {
				shown[name] = true
			}
		}
	}
	variables := map[string]string{}
	for _, v := range d.Templating.List {
		variables[v.Name] = v.Type
		used(t, v.Definition)
	}
	require.Equal(t, map[string]string{"datasource": "datasource", "job": "query", "instance": "query"}, variables)
	for name := range exported() {
		require.NotEqual(t, slices.Contains(notOnDashboard, name), shown[name], "%s must be on the dashboard or in notOnDashboard", name)
	}
}

func TestAlertsNameMetricsAndTheNextStep(t *testing.T) {
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert       string
				Expr        string
				For         string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(operations(t, "alerts.yaml"), &file))
	require.Len(t, file.Groups, 1)
	outcomes := make([]string, 0, len(exported()))
	seen := map[string]bool{}
	for _, r := range file.Groups[0].Rules {
		require.Regexp(t, `^Proverd[A-Za-z]+$`, r.Alert)
		require.False(t, seen[r.Alert], r.Alert)
		seen[r.Alert] = true
		if r.Alert != "ProverdDown" {
			require.NotEmpty(t, used(t, r.Expr), r.Alert)
		}
		require.Contains(t, []string{"page", "ticket"}, r.Labels["severity"], r.Alert)
		summary := r.Annotations["summary"]
		require.Contains(t, summary, "$labels.instance", r.Alert)
		require.Greater(t, len(strings.Fields(summary)), 15, "%s does not say what to do next", r.Alert)
		outcomes = append(outcomes, r.Expr)
	}
	all := strings.Join(outcomes, "\n")
	for _, name := range []string{
		`proverd_outcomes_total{outcome="missed"}`, "proverd_bonds_lost_total", "proverd_reveal_blocks_left", "proverd_backend_bidding == 0",
		"proverd_submitter_balance_uproof", "proverd_ready == 0", "proverd_head_timestamp_seconds", "proverd_disk_free_bytes",
		"proverd_chain_reached == 0", "proverd_income_uproof_total",
	} {
		require.Contains(t, all, name)
	}
}
