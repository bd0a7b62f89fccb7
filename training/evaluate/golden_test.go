package evaluate_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/training/evaluate"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// reference is the meta part of a golden evaluation by the method's authors.
type reference struct {
	Relevant []int
	Rows     int
	Dim      int
	Result   map[string]json.RawMessage
}

// TestMeasuresAreTheReferences evaluates the reference's embeddings; the tags
// that it ranks are the unseen ones here.
func TestMeasuresAreTheReferences(t *testing.T) {
	for _, name := range []string{"metrics_all", "metrics_unseen"} {
		t.Run(name, func(t *testing.T) {
			file := golden.Read(t, name)
			var want reference
			if err := json.Unmarshal(file.Meta, &want); err != nil {
				t.Fatal(err)
			}
			report := evaluateGolden(file, want)
			compareGolden(t, "zsl", report, want)
			if len(want.Relevant) == file.Tensors["wordvec"].Shape[0] {
				compareGolden(t, "gzsl", report, want)
			}
		})
	}
}

func evaluateGolden(file golden.File, want reference) *evaluate.Report {
	embedding, targets := file.Tensors["embedding"], file.Tensors["targets"]
	n, c := targets.Shape[0], targets.Shape[1]
	vocab := vocabulary(c, func(id int) bool { return !slices.Contains(want.Relevant, id) })
	a := evaluate.New(vocab, evaluate.Options{})
	for i := range n {
		row := labels.Row{}
		scores := make([]float32, c)
		for id := range c {
			scores[id] = relevance(embedding.Values[i*want.Rows*want.Dim:], file.Tensors["wordvec"].Values[id*want.Dim:], want)
			if targets.Values[i*c+id] > 0 {
				row.Positives = append(row.Positives, int32(id))
			}
		}
		a.Add(scores, row)
	}
	return a.Result()
}

// relevance is the largest product of a vector with the rows of a matrix
// [D,K].
func relevance(matrix, vector []float32, want reference) float32 {
	best := math.Inf(-1)
	for k := range want.Rows {
		var product float64
		for d := range want.Dim {
			product += float64(matrix[d*want.Rows+k]) * float64(vector[d])
		}
		best = max(best, product)
	}
	return float32(best)
}

func compareGolden(t *testing.T, task string, report *evaluate.Report, want reference) {
	t.Helper()
	for name, raw := range want.Result {
		if name == "mAP" {
			compare(t, report, task+".map", number(t, raw))
			continue
		}
		var k int
		if _, err := fmt.Sscanf(name, "top%d", &k); err != nil {
			t.Fatalf("result %q", name)
		}
		var at map[string]json.RawMessage
		if err := json.Unmarshal(raw, &at); err != nil {
			t.Fatal(err)
		}
		for measure, letter := range map[string]string{"precision": "p", "recall": "r", "f1": "f1"} {
			compare(t, report, fmt.Sprintf("%s.%s@%d", task, letter, k), number(t, at[measure]))
		}
	}
}

func number(t *testing.T, raw json.RawMessage) (x float64) {
	t.Helper()
	if err := json.Unmarshal(raw, &x); err != nil {
		t.Fatal(err)
	}
	return x
}

func compare(t *testing.T, report *evaluate.Report, metric string, want float64) {
	t.Helper()
	got, err := report.Metric(metric)
	if err != nil || math.Abs(got-want) > 1e-5 {
		t.Errorf("%s is %v, want %v; %v", metric, got, want, err)
	}
}

func vocabulary(c int, seen func(id int) bool) *model.Vocabulary {
	v := &model.Vocabulary{Dim: 1}
	for id := range c {
		v.Tags, v.Seen, v.Vectors = append(v.Tags, fmt.Sprint("tag", id)), append(v.Seen, seen(id)), append(v.Vectors, 1)
	}
	return v
}
