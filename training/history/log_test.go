package history

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// same compares what histories tell.
func same(t testing.TB, want, got *History) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(History{})); diff != "" {
		t.Error(diff)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func stepOf(i int) Step {
	v := float64(i)
	return Step{Step: int64(i), Epoch: 1 + (i-1)/5, Loss: 10 / v, Rank: 9 / v, Regulariser: 1 / v, LearningRate: v * 1e-5, ImagesPerSecond: 40 + v, Seconds: 0.25}
}

func epochOf(e int) Epoch {
	return Epoch{Epoch: e, Step: int64(5 * e), Seconds: 3, Metrics: map[string]float64{"map": float64(e % 3), "loss": 1 / float64(e)}, Best: e <= 2}
}

// sample is an uninterrupted training of steps steps, five an epoch, with two
// dropped images.
func sample(steps int) *History {
	h := &History{}
	h.AddDrop(Drop{"a.jpg", "no seen positive"})
	h.AddDrop(Drop{"b.jpg", "truncated"})
	for i := 1; i <= steps; i++ {
		h.AddStep(stepOf(i))
		if i%5 == 0 {
			h.AddEpoch(epochOf(i / 5))
		}
	}
	return h
}

func encoded(t testing.TB, h *History) []byte {
	t.Helper()
	var b bytes.Buffer
	ok(t, h.Encode(&b))
	return b.Bytes()
}

func TestLogRoundTrip(t *testing.T) {
	h := sample(23)
	h.Steps[22].Loss, h.Steps[22].Rank, h.Steps[22].Regulariser = math.NaN(), math.Inf(1), math.Inf(-1)
	h.Epochs[3].Metrics["map"] = math.NaN()
	got, err := Read(bytes.NewReader(encoded(t, h)))
	ok(t, err)
	same(t, h, got)
}

// TestLineIsStandardJSON pins the form that other programs read.
func TestLineIsStandardJSON(t *testing.T) {
	var b bytes.Buffer
	log := NewLog(&b)
	ok(t, log.Step(Step{Step: 3, Epoch: 1, Loss: math.NaN(), Rank: 2.5, LearningRate: 2.5e-5, ImagesPerSecond: math.Inf(1), Seconds: 0.5}))
	ok(t, log.Epoch(Epoch{Epoch: 1, Step: 3, Seconds: 9, Metrics: map[string]float64{"map": 0.25}, Best: true}))
	ok(t, log.Drop(Drop{"s3://lake/a b.jpg", "no seen positive"}))
	want := `{"event":"step","step":3,"epoch":1,"loss":"NaN","rank":2.5,"regulariser":0,"learning_rate":0.000025,"images_per_second":"Infinity","seconds":0.5}
{"event":"epoch","epoch":1,"step":3,"seconds":9,"metrics":{"map":0.25},"best":true}
{"event":"dropped","uri":"s3://lake/a b.jpg","reason":"no seen positive"}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// TestTornLineIsIgnored cuts a log after every byte: what is read are the whole
// lines.
func TestTornLineIsIgnored(t *testing.T) {
	text := encoded(t, sample(5))
	for n := range text {
		got, err := Read(bytes.NewReader(text[:n]))
		if err != nil {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
		told := len(got.Steps) + len(got.Epochs) + len(got.Drops)
		if lines := bytes.Count(text[:n], []byte("\n")); told != lines {
			t.Fatalf("cut after %d bytes: %d events of %d lines", n, told, lines)
		}
	}
}

func TestBadLineIsNamed(t *testing.T) {
	for _, line := range []string{"nonsense", `{"step":1}`, `{"event":"step","loss":"much"}`, `{"event":"epoch","metrics":3}`, strings.Repeat(" ", maxLine+1)} {
		_, err := Read(strings.NewReader(string(encoded(t, sample(2))) + line + "\n" + `{"event":"step","step":3}` + "\n"))
		if err == nil || !strings.Contains(err.Error(), "line 5") {
			t.Errorf("%.30s: %v", line, err)
		}
	}
	h, err := Read(strings.NewReader(`{"event":"checkpoint","step":7}` + "\n"))
	ok(t, err)
	same(t, &History{}, h)
	if _, err := Read(failing{}); !errors.Is(err, errBroken) {
		t.Errorf("reading from a broken stream: %v", err)
	}
}

var errBroken = errors.New("broken")

// failing is a file on which nothing works.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errBroken }
func (failing) Read([]byte) (int, error)  { return 0, errBroken }

func TestErrorsArePassedOn(t *testing.T) {
	for _, h := range []*History{{Drops: []Drop{{}}}, {Steps: []Step{{}}}, {Epochs: []Epoch{{}}}, {Epochs: []Epoch{{}}, Steps: []Step{{Step: 1}}}} {
		if err := h.Encode(failing{}); !errors.Is(err, errBroken) {
			t.Errorf("encode: %v", err)
		}
		if err := h.WriteTable(failing{}, columnar.Options{}); err == nil {
			t.Error("a table was written nowhere")
		}
	}
	if err := Page(failing{}, Report{}); !errors.Is(err, errBroken) {
		t.Errorf("page: %v", err)
	}
}

// TestToldAgainIsTheSame cuts a log in the middle of a line and tells the steps
// since a checkpoint again, twice.
func TestToldAgainIsTheSame(t *testing.T) {
	var h History
	for _, cut := range []struct{ from, to int }{{1, 9}, {6, 13}, {11, 20}} {
		var text bytes.Buffer
		ok(t, h.Encode(&text))
		text.WriteString(`{"event":"step","st`)
		before, err := Read(&text)
		ok(t, err)
		h = *before
		for _, d := range sample(0).Drops {
			h.AddDrop(d)
		}
		for i := cut.from; i <= cut.to; i++ {
			h.AddStep(stepOf(i))
			if i%5 == 0 {
				h.AddEpoch(epochOf(i / 5))
			}
		}
	}
	var text bytes.Buffer
	ok(t, h.Encode(&text))
	got, err := Read(&text)
	ok(t, err)
	same(t, sample(20), got)
}

func TestLaterTellingCounts(t *testing.T) {
	h := sample(20)
	h.AddStep(Step{Step: 13, Epoch: 3})
	if len(h.Steps) != 13 || len(h.Epochs) != 2 {
		t.Errorf("%d steps and %d epochs", len(h.Steps), len(h.Epochs))
	}
	h.AddEpoch(Epoch{Epoch: 2, Step: 13})
	if len(h.Epochs) != 2 || h.Epochs[1].Step != 13 {
		t.Errorf("epochs %+v", h.Epochs)
	}
	if best, found := h.Best(); !found || best.Epoch != 1 {
		t.Errorf("best %+v", best)
	}
	if _, found := (&History{}).Best(); found {
		t.Error("a best epoch of none")
	}
	h.AddDrop(Drop{"a.jpg", "no seen positive"})
	h.AddDrop(Drop{"a.jpg", "another reason"})
	if len(h.Drops) != 3 {
		t.Errorf("drops %v", h.Drops)
	}
}

func TestTable(t *testing.T) {
	h := sample(10)
	h.Steps[9].Loss = math.NaN()
	var b bytes.Buffer
	ok(t, h.WriteTable(&b, columnar.Options{Metadata: map[string]string{"sdl.run_id": "r"}}))
	f, err := columnar.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	ok(t, err)
	var got []columnar.MetricRow
	ok(t, f.Metrics(t.Context(), func(r columnar.MetricRow) error { got = append(got, r); return nil }))
	if len(got) != 10*6+2*2 || f.Metadata["sdl.run_id"] != "r" {
		t.Fatalf("%d rows, metadata %v", len(got), f.Metadata)
	}
	want := []columnar.MetricRow{
		{Step: 5, Epoch: 1, Metric: "loss", Value: 2},
		{Step: 5, Epoch: 1, Metric: "rank", Value: 1.8},
		{Step: 5, Epoch: 1, Metric: "regulariser", Value: 0.2},
		{Step: 5, Epoch: 1, Metric: "learning_rate", Value: 5 * 1e-5},
		{Step: 5, Epoch: 1, Metric: "images_per_second", Value: 45},
		{Step: 5, Epoch: 1, Metric: "seconds", Value: 0.25},
		{Step: 5, Epoch: 1, Validation: true, Metric: "loss", Value: 1, Best: true},
		{Step: 5, Epoch: 1, Validation: true, Metric: "map", Value: 1, Best: true},
		{Step: 6, Epoch: 2, Metric: "loss", Value: 10. / 6},
	}
	if diff := cmp.Diff(want, got[24:24+len(want)], cmpopts.EquateApprox(1e-15, 0)); diff != "" {
		t.Error(diff)
	}
	if !math.IsNaN(got[24+8+24].Value) {
		t.Errorf("%+v", got[24+8+24])
	}
}

func FuzzRead(f *testing.F) {
	f.Add(encoded(f, sample(6)))
	f.Add([]byte(`{"event":"step","step":1,"loss":"NaN"}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		again, err := Read(bytes.NewReader(encoded(t, h)))
		ok(t, err)
		same(t, h, again)
		ok(t, Page(&bytes.Buffer{}, Report{History: h}))
	})
}

// TestAnyHistoryIsEncoded: whatever is told comes back, in any order of telling.
func TestAnyHistoryIsEncoded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := &History{}
		for range rapid.IntRange(0, 30).Draw(rt, "events") {
			at := rapid.IntRange(1, 12).Draw(rt, "at")
			switch rapid.IntRange(0, 2).Draw(rt, "kind") {
			case 0:
				h.AddStep(stepOf(at))
			case 1:
				h.AddEpoch(epochOf(at))
			default:
				h.AddDrop(Drop{fmt.Sprint(at), "x"})
			}
		}
		got, err := Read(bytes.NewReader(encoded(t, h)))
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(h, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(History{})); diff != "" {
			rt.Fatal(diff)
		}
	})
}
