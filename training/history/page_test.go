package history

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
)

func written(t testing.TB, r Report) string {
	t.Helper()
	var b bytes.Buffer
	ok(t, Page(&b, r))
	return b.String()
}

var script = regexp.MustCompile(`(?s)<(script|style)[^>]*>.*?</(script|style)>`)

// elements reads a page as XML would be: every element closed, every attribute
// quoted. It returns how often each name occurs.
func elements(t *testing.T, page string) map[string]int {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(script.ReplaceAllString(page, "<$1></$1>")))
	d.AutoClose, d.Entity = []string{"meta", "!DOCTYPE"}, xml.HTMLEntity
	d.Strict = false
	count, open := map[string]int{}, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		ok(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			count[e.Name.Local]++
			open++
		case xml.EndElement:
			open--
		}
	}
	if open != 0 {
		t.Errorf("%d elements are open at the end", open)
	}
	return count
}

func has(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
}

func TestPageShowsTheTraining(t *testing.T) {
	h := sample(40)
	p := written(t, Report{
		Title: "NUS-WIDE", Status: StoppedEarly, Message: "no better for 3 epochs", Updated: time.Date(2026, 5, 4, 3, 2, 1, 0, time.FixedZone("", 3600)),
		Steps: 12000, Metric: "map", Settings: []Fact{{"batch", "32"}}, Lineage: []Fact{{"parent", "new:tresnet-m"}}, History: h,
	})
	has(t, p, "<title>NUS-WIDE · stopped early</title>", `<span class="pill even">stopped early</span> <span>no better for 3 epochs</span>`,
		"2026-05-04 02:02:01 UTC", "<dd>40 of 12,000</dd>", "<dt>Best map, epoch 2</dt><dd>2</dd>", "<dt>Images dropped</dt><dd>2</dd>",
		"<strong>1</strong> truncated", "<code>b.jpg</code>", `<th scope="row">batch</th><td>32</td>`, `<th scope="row">parent</th><td>new:tresnet-m</td>`,
		"prefers-color-scheme: dark", `name="viewport"`, "<dt>Time in steps</dt><dd>10s</dd>")
	n := elements(t, p)
	// Loss, two metrics, ranking part, regulariser, learning rate, images/s.
	if n["svg"] != 7 || n["figure"] != 7 || n["title"] != 1 || n["h1"] != 1 {
		t.Errorf("elements %v", n)
	}
	if strings.Index(p, `id="metric0-title">map<`) > strings.Index(p, `id="metric1-title">loss<`) {
		t.Error("the metric that picks the best is not the first")
	}
	if got := strings.Count(p, `role="img" aria-labelledby="`); got != 7 {
		t.Errorf("%d pictures have a name", got)
	}
	// Epochs 1 to 8 lie evenly from 0 to 100 percent; the second is the best.
	if got := strings.Count(p, `<i class="dot best" style="left:14.29%`); got != 2 {
		t.Errorf("the best epoch is marked %d times", got)
	}
	has(t, p, `<tr class="best"><th scope="row">best 2</th><td>10</td>`)
}

// TestPageIsSelfContained: nothing in it refers to anything outside.
func TestPageIsSelfContained(t *testing.T) {
	p := written(t, Report{History: sample(30), Settings: []Fact{{"site", "https://example.com/x"}}})
	for _, outside := range []string{"src=", "href=", "url(", "@import", "<link", "<iframe", "<img"} {
		if strings.Contains(p, outside) {
			t.Errorf("the page has %s", outside)
		}
	}
	has(t, p, `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"`)
}

func TestHostileTextIsEscaped(t *testing.T) {
	for _, evil := range []string{
		`<script>alert(1)</script>`, `</title><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`,
		`' onmouseover='alert(1)`, `</script><script>alert(1)//`, `{{.Title}}`, "]]>\x00\xff\u2028</style>", `</code></li><script>`,
	} {
		h := sample(30)
		h.AddDrop(Drop{evil, evil})
		h.Epochs[0].Metrics[evil] = 1
		p := written(t, Report{Title: evil, Status: Status(evil), Message: evil, Metric: evil, Settings: []Fact{{evil, evil}}, Lineage: []Fact{{evil, evil}}, History: h})
		plain := written(t, Report{Title: "x", Status: "x", Message: "x", Metric: "x", Settings: []Fact{{"x", "x"}}, Lineage: []Fact{{"x", "x"}}, History: harmless()})
		want, got := elements(t, plain), elements(t, p)
		for name := range got {
			if got[name] != want[name] {
				t.Errorf("%q: %d elements %s, want %d", evil, got[name], name, want[name])
			}
		}
		if regexp.MustCompile(`<[^>]* on[a-z]+=`).MatchString(script.ReplaceAllString(p, "")) {
			t.Errorf("%q made an attribute", evil)
		}
	}
}

func harmless() *History {
	h := sample(30)
	h.AddDrop(Drop{"x", "x"})
	h.Epochs[0].Metrics["x"] = 1
	return h
}

func TestEmptyPage(t *testing.T) {
	for _, h := range []*History{nil, {}} {
		p := written(t, Report{Status: Running, History: h})
		has(t, p, "<title>Training · running</title>", "nothing yet", "<dt>Steps</dt><dd>0</dd>")
		if n := elements(t, p); n["svg"] != 0 || n["table"] != 0 || n["details"] != 0 {
			t.Errorf("elements %v", n)
		}
	}
}

func TestSinglePoint(t *testing.T) {
	h := &History{}
	h.AddStep(Step{Step: 1, Epoch: 1, Loss: 3.25, ImagesPerSecond: 8})
	h.AddEpoch(Epoch{Epoch: 1, Step: 1, Metrics: map[string]float64{"map": 0}})
	p := written(t, Report{Status: Finished, History: h})
	has(t, p, `<i class="dot" style="left:50%;top:50%"></i>`, "last 3.25", "<dd>3.25</dd>")
	if strings.Contains(p, "NaN") || strings.Contains(p, "Inf") {
		t.Error("a coordinate is no number")
	}
	if n := elements(t, p); n["svg"] != 3 { // no regulariser, no rank, no learning rate
		t.Errorf("%d charts", n["svg"])
	}
}

func TestDivergedLoss(t *testing.T) {
	h := sample(29)
	h.AddStep(Step{Step: 30, Epoch: 6, Loss: math.NaN(), Rank: math.Inf(1), LearningRate: 1e-300, ImagesPerSecond: 1e300})
	p := written(t, Report{Status: Diverged, History: h})
	has(t, p, `<span class="pill bad">diverged</span>`, "last NaN · lowest 0.3448 at step 29 · highest 10 at step 1 · 1 too large or no number, first at step 30",
		`<line class="fault" x1="100%" x2="100%" y1="0" y2="100%"/>`, "<dt>Loss</dt><dd>NaN</dd>", "last &#43;Inf")
	for _, drawn := range regexp.MustCompile(` (d|style)="([^"]*)"`).FindAllStringSubmatch(p, -1) {
		if strings.Contains(drawn[2], "NaN") || strings.Contains(drawn[2], "Inf") {
			t.Errorf("drawn: %.80s", drawn[2])
		}
	}
	all := &History{}
	for i := range 3 {
		all.AddStep(Step{Step: int64(i + 1), Loss: math.NaN()})
	}
	has(t, written(t, Report{History: all}), "last NaN · 3 too large or no number, first at step 1")
}

// TestLongTrainingStaysSmall: 100000 steps take no more points a curve and rows
// a table than a reader can use.
func TestLongTrainingStaysSmall(t *testing.T) {
	h := &History{}
	for i := 1; i <= 100000; i++ {
		s := stepOf(i)
		s.Loss = 5 + math.Sin(float64(i)*1.7)
		if i == 54321 {
			s.Loss = 97
		}
		h.AddStep(s)
		if i%100 == 0 {
			h.AddEpoch(Epoch{Epoch: i / 100, Step: int64(i), Metrics: map[string]float64{"map": 0.5}})
		}
		h.AddDrop(Drop{fmt.Sprint(i), fmt.Sprint("reason ", i%30)})
	}
	p := written(t, Report{History: h})
	if len(p) > 500<<10 {
		t.Errorf("%d KiB", len(p)>>10)
	}
	for _, path := range regexp.MustCompile(` d="M([^"]*)"`).FindAllStringSubmatch(p, -1) {
		if n := 1 + strings.Count(path[1], "L"); n > 602 {
			t.Errorf("a curve of %d points", n)
		}
	}
	has(t, p, `"t":"step 54,321: 97"`, "Steps, 100 of 100,000", "Epochs, 500 of 1,000", "and 10 more reasons", "and 3,329 more", "100,000 left out of training")
	if rows := strings.Count(p, "<tr"); rows > 610 {
		t.Errorf("%d rows", rows)
	}
}

func TestHoverPointsAreJSON(t *testing.T) {
	p := written(t, Report{History: sample(30)})
	found := regexp.MustCompile(`(?s)<script type="application/json">(.*?)</script>`).FindAllStringSubmatch(p, -1)
	if len(found) != 7 {
		t.Fatalf("%d charts", len(found))
	}
	for _, f := range found {
		var points []hover
		ok(t, json.Unmarshal([]byte(f[1]), &points))
		if last := points[len(points)-1]; last.X != 100 || last.Text == "" {
			t.Errorf("last point %+v", last)
		}
	}
}
