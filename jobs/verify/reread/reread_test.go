package reread_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs/verify/reread"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// TestMain makes the test binary the child, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) != 2 {
		os.Exit(m.Run())
	}
	switch os.Args[1] {
	case reread.Command:
		if len(os.Environ()) > 1 {
			panic("the child was given an environment")
		}
		os.Exit(reread.Main(os.Stdin, os.Stdout))
	case allocate:
		takeTooMuch()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func run(t *testing.T, r reread.Request) reread.Answer {
	t.Helper()
	executable, err := os.Executable()
	ok(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer, err := reread.Run(ctx, executable, r)
	ok(t, err)
	return answer
}

func fine(t *testing.T, a reread.Answer) {
	t.Helper()
	for _, p := range a.Problems {
		t.Error(p)
	}
	if a.Total != len(a.Problems) {
		t.Errorf("%d problems, %d listed", a.Total, len(a.Problems))
	}
}

func TestAGoodPartHasNoProblems(t *testing.T) { everyFormat(t, goodPartHasNoProblems) }

func goodPartHasNoProblems(t *testing.T, format columnar.Format) {
	p := newPartAs(format)
	p.groupRows = 16
	a := run(t, p.write(t))
	fine(t, a)
	okRows := int64(len(p.embeddings))
	want := reread.Answer{Rows: rows, OK: okRows, Rejected: rows - okRows, Tags: int64(len(p.tags)), Embeddings: okRows, Vocab: vocabTags, Recomputed: okRows, Codes: map[string]int64{"decode/truncated": rows - okRows}, ScoreError: a.ScoreError}
	a.Problems = nil
	if got, _ := json.Marshal(a); string(got) != mustJSON(t, want) {
		t.Errorf("got %s\nwant %s", got, mustJSON(t, want))
	}
	if a.ScoreError == 0 || a.ScoreError > 1e-4 {
		t.Errorf("score error %g", a.ScoreError)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	ok(t, err)
	return string(data)
}

func TestOtherGoodParts(t *testing.T) { everyFormat(t, otherGoodParts) }

func otherGoodParts(t *testing.T, format columnar.Format) {
	mean := func(e columnar.Embedding, v []float32) (sum float32) {
		for _, x := range products(e, v) {
			sum += x / float32(e.Rows)
		}
		return sum
	}
	for name, make := range map[string]func(*part){
		"mean":      func(p *part) { p.request.Reduction = reread.ReduceMean; p.label(mean) },
		"topk mean": func(p *part) { p.request.Reduction, p.request.ReductionK = reread.ReduceTopKMean, 2; p.label(bestTwo) },
		"normalised, scaled": func(p *part) {
			p.request.NormaliseRows, p.request.NormaliseLabels, p.request.LogitScale = true, true, 100
			p.label(func(e columnar.Embedding, v []float32) float32 {
				best := float32(math.Inf(-1))
				for k, x := range products(e, v) {
					best = max(best, 100*x/norm(e.Matrix[k*e.Dim:][:e.Dim])/norm(v))
				}
				return best
			})
		},
		"one row": func(p *part) {
			for i := range p.embeddings {
				p.embeddings[i].Rows, p.embeddings[i].Matrix = 1, p.embeddings[i].Matrix[:dim]
			}
			p.label(maxProduct)
		},
		"nothing but rejects": func(p *part) {
			fresh := p.images[0]
			for i := range p.images {
				row, uri := p.images[i].Row, p.images[i].URI
				p.images[i] = fresh
				p.images[i].Row, p.images[i].URI = row, uri
			}
			p.embeddings, p.tags = nil, nil
		},
		"no rows":                           func(p *part) { p.request.Rows, p.images, p.embeddings, p.tags = 0, nil, nil, nil },
		"no unseen":                         func(p *part) { p.vocab = p.vocab[:seenTags]; p.label(maxProduct) },
		"no vocab":                          func(p *part) { p.vocab = nil },
		"no carried":                        func(p *part) { p.request.Carried = nil },
		"carried names that are much alike": func(p *part) { p.request.Carried = []string{"a b", "a32b"} },
		"other order":                       func(p *part) { slices.Reverse(p.images); slices.Reverse(p.embeddings) },
		"sample": func(p *part) {
			p.request.Sample, p.request.Seed = 5, 7
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPartAs(format)
			make(p)
			a := runHere(t, p.write(t))
			fine(t, a)
			if want := len(p.embeddings); name == "sample" && a.Recomputed != 5 || name != "sample" && name != "no vocab" && a.Recomputed != int64(want) {
				t.Errorf("%d recomputed", a.Recomputed)
			}
		})
	}
}

func bestTwo(e columnar.Embedding, v []float32) float32 {
	all := products(e, v)
	slices.Sort(all)
	return (all[len(all)-1] + all[len(all)-2]) / 2
}

func norm(v []float32) float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return float32(math.Sqrt(sum))
}

// runHere is the child without its process and memory limit.
func runHere(t testing.TB, r reread.Request) reread.Answer {
	t.Helper()
	a := reread.Check(r)
	if _, err := json.Marshal(a); err != nil {
		t.Errorf("the answer cannot be sent: %v", err)
	}
	return a
}

// TestDamageIsFound damages one thing at a time.
func TestDamageIsFound(t *testing.T) { everyFormat(t, damageIsFound) }

func damageIsFound(t *testing.T, format columnar.Format) {
	for name, test := range map[string]struct {
		damage       func(p *part)
		table, check string
		row          int64
	}{
		"row deleted":          {func(p *part) { p.images = slices.Delete(p.images, 1, 2) }, "images", "rows", firstOK},
		"row twice":            {func(p *part) { p.images = append(p.images, p.images[1]) }, "images", "rows", firstOK},
		"row of another part":  {func(p *part) { p.images[0].Row = firstRow + rows }, "images", "rows", firstRow + rows},
		"reject without code":  {func(p *part) { p.images[0].Code = "" }, "images", "reject", firstRow},
		"reject without words": {func(p *part) { p.images[0].Message = "" }, "images", "reject", firstRow},
		"ok with words":        {func(p *part) { p.image(firstOK).Message = "x" }, "images", "status", firstOK},
		"ok to be retried":     {func(p *part) { p.image(firstOK).Retryable = true }, "images", "status", firstOK},
		"ok without digest":    {func(p *part) { p.image(firstOK).SHA256 = "" }, "images", "object", firstOK},
		"digest cut":           {func(p *part) { p.image(firstRow).SHA256 = "0a" }, "images", "object", firstRow},
		"digest in capitals":   {func(p *part) { m := p.image(firstOK); m.SHA256 = strings.ToUpper(m.SHA256) }, "images", "object", firstOK},
		"ok without bytes":     {func(p *part) { p.image(firstOK).Bytes = 0 }, "images", "object", firstOK},
		"no height":            {func(p *part) { p.image(firstOK).Height = 0 }, "images", "object", firstOK},
		"no format":            {func(p *part) { p.image(firstOK).Format = "" }, "images", "object", firstOK},
		"never read":           {func(p *part) { p.image(firstOK).Attempts = 0 }, "images", "object", firstOK},
		"never processed":      {func(p *part) { p.image(firstRow).ProcessedAt = time.Unix(0, 0) }, "images", "object", firstRow},
		"another model":        {func(p *part) { p.image(firstRow).ModelID = "n" }, "images", "identity", firstRow},
		"another vocabulary":   {func(p *part) { p.image(firstOK).VocabID = "w" }, "images", "identity", firstOK},
		"image uri wrong":      {func(p *part) { p.image(firstOK).URI += "x" }, "embeddings", "uri", firstOK},
		"ok with a code":       {func(p *part) { p.image(firstOK).Code = "x" }, "images", "status", firstOK},
		"reject became ok":     {func(p *part) { m := p.image(firstRow); m.Status, m.Stage, m.Code = "ok", "", "" }, "images", "ranks", firstRow},
		"ranked tag dropped":   {func(p *part) { m := p.image(firstOK); m.Seen = m.Seen[:topK-1]; p.flatten() }, "images", "ranks", firstOK},
		"rank wrong":           {func(p *part) { p.image(firstOK).Unseen[2].Rank = 9; p.flatten() }, "images", "ranks", firstOK},
		"name swapped":         {func(p *part) { p.image(firstOK).Seen[0].Tag = p.image(firstOK).Seen[1].Tag; p.flatten() }, "images", "vocabulary", firstOK},
		"id unknown":           {func(p *part) { p.image(firstOK).Seen[0].TagID = 99; p.flatten() }, "images", "vocabulary", firstOK},
		"unseen among the seen": {func(p *part) {
			p.image(firstOK).Seen[3] = p.image(firstOK).Unseen[0]
			p.image(firstOK).Seen[3].Rank = 4
			p.flatten()
		}, "images", "vocabulary", firstOK},
		"scores rise":           {func(p *part) { swapScores(p.image(firstOK).Seen); p.flatten() }, "images", "order", firstOK},
		"tie by tag id broken":  {breakTie, "images", "order", -1},
		"score not a number":    {func(p *part) { p.image(firstOK).Seen[0].Score = float32(math.NaN()); p.flatten() }, "images", "order", firstOK},
		"score altered":         {func(p *part) { p.image(firstOK).Seen[0].Score *= 1.001; p.flatten() }, "images", "recomputed", firstOK},
		"re-ranked":             {func(p *part) { rerank(p.image(firstOK).Seen, p.image(firstOK).Seen[0]); p.flatten() }, "images", "recomputed", firstOK},
		"best tag passed over":  {passOver, "images", "recomputed", firstOK},
		"row spread wrong":      {func(p *part) { p.image(firstOK).RowSpread *= 1.01 }, "images", "row_spread", firstOK},
		"row spread missing":    {func(p *part) { p.image(firstOK).RowSpread = 0 }, "images", "row_spread", firstOK},
		"tags row deleted":      {func(p *part) { p.tags = p.tags[1:] }, "tags", "rows", -1},
		"tags row twice":        {func(p *part) { p.tags = slices.Insert(p.tags, 1, p.tags[0]) }, "tags", "rows", -1},
		"tags row of no image":  {func(p *part) { p.tags[0].Row = 5 }, "tags", "rows", 5},
		"tags row changed":      {func(p *part) { p.tags[0].Rank++ }, "tags", "rows", -1},
		"tags uri wrong":        {func(p *part) { p.tags[0].URI += "x" }, "tags", "rows", -1},
		"tags seen wrong":       {func(p *part) { p.tags[0].Seen = !p.tags[0].Seen }, "tags", "vocabulary", -1},
		"tags out of order":     {func(p *part) { p.tags[0], p.tags[1] = p.tags[1], p.tags[0] }, "tags", "order", -1},
		"tags by another order": {func(p *part) { slices.Reverse(p.tags) }, "tags", "order", -1},
		"matrix deleted":        {func(p *part) { p.embeddings = p.embeddings[1:] }, "embeddings", "rows", firstOK},
		"matrix twice":          {func(p *part) { p.embeddings = append(p.embeddings, p.embeddings[0]) }, "embeddings", "rows", firstOK},
		"matrix of a reject":    {func(p *part) { p.embeddings = append(p.embeddings, at(p.embeddings[0], firstRow)) }, "embeddings", "rows", firstRow},
		"matrix uri wrong":      {func(p *part) { p.embeddings[0].URI = "file:///x" }, "embeddings", "uri", firstOK},
		"matrix not a number":   {func(p *part) { p.embeddings[0].Matrix[5] = float32(math.NaN()) }, "embeddings", "finite", firstOK},
		"matrix infinite":       {func(p *part) { p.embeddings[0].Matrix[5] = float32(math.Inf(-1)) }, "embeddings", "finite", firstOK},
		"matrix of another":     {func(p *part) { p.embeddings[0].Matrix = p.embeddings[1].Matrix }, "images", "recomputed", firstOK},
		"other dimension":       {otherDimension, "embeddings", "shape", firstOK},
		"vocab id twice":        {func(p *part) { p.vocab[4].TagID = 3 }, "vocab", "order", 4},
		"vocab tag twice":       {func(p *part) { p.vocab[4].Tag = p.vocab[3].Tag }, "vocab", "tags", 4},
		"vocab of two sizes":    {func(p *part) { p.vocab[4].Vector = p.vocab[4].Vector[1:] }, "vocab", "readable", -1},
		"vocab not finite":      {func(p *part) { p.vocab[4].Vector[0] = float32(math.Inf(1)) }, "vocab", "readable", -1},
		"vocab empty":           {func(p *part) { p.vocab = p.vocab[:0] }, "vocab", "readable", -1},
		"vocab changed":         {func(p *part) { p.vocab[0].Vector = slices.Clone(p.vocab[5].Vector) }, "images", "recomputed", -1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPartAs(format)
			test.damage(p)
			a := runHere(t, p.write(t))
			if a.Total == 0 {
				t.Fatal("not found")
			}
			if !slices.ContainsFunc(a.Problems, func(p reread.Problem) bool {
				return p.Table == test.table && p.Check == test.check && (p.Row == test.row || test.row < 0)
			}) {
				t.Errorf("no problem %s: %s: row %d among %v", test.table, test.check, test.row, a.Problems)
			}
		})
	}
}

func swapScores(tags []columnar.RankedTag) {
	tags[0].Score, tags[1].Score = tags[1].Score, tags[0].Score
}

// rerank moves the best tag to the end of the list with a score that fits
// there.
func rerank(tags []columnar.RankedTag, best columnar.RankedTag) {
	best.Score = tags[topK-1].Score
	copy(tags, tags[1:])
	tags[topK-1] = best
	for i := range tags {
		tags[i].Rank = int32(i + 1)
	}
}

// passOver replaces the tag at the cut by the next one, with its true score.
func passOver(p *part) {
	m := p.image(firstOK)
	for _, v := range p.vocab[:seenTags] {
		score := maxProduct(p.embeddings[0], v.Vector)
		if score < m.Seen[topK-1].Score {
			m.Seen[topK-1] = columnar.RankedTag{Tag: v.Tag, TagID: v.TagID, Score: score, Rank: topK}
			p.flatten()
			return
		}
	}
	panic("no tag below the cut")
}

// breakTie exchanges two tags of equal scores somewhere.
func breakTie(p *part) {
	for i := range p.images {
		seen := p.images[i].Seen
		for j := 1; j < len(seen); j++ {
			if seen[j].Score == seen[j-1].Score {
				seen[j].Tag, seen[j-1].Tag = seen[j-1].Tag, seen[j].Tag
				seen[j].TagID, seen[j-1].TagID = seen[j-1].TagID, seen[j].TagID
				p.flatten()
				return
			}
		}
	}
	panic("no tie")
}

func at(e columnar.Embedding, row int64) columnar.Embedding {
	e.Row = row
	return e
}

func otherDimension(p *part) {
	for i := range p.embeddings {
		p.embeddings[i].Dim, p.embeddings[i].Matrix = dim-1, p.embeddings[i].Matrix[:matrixK*(dim-1)]
	}
}

func TestFilesOfTheWrongKindAreFound(t *testing.T) { everyFormat(t, filesOfTheWrongKindAreFound) }

func filesOfTheWrongKindAreFound(t *testing.T, format columnar.Format) {
	r := newPartAs(format).write(t)
	r.Tags, r.Embeddings = r.Embeddings, r.Tags
	r.Vocab = filepath.Join(t.TempDir(), "missing.parquet")
	r.Carried = r.Carried[:1]
	a := runHere(t, r)
	for _, table := range []string{"images", "tags", "embeddings", "vocab"} {
		if !slices.ContainsFunc(a.Problems, func(p reread.Problem) bool { return p.Table == table && p.Check == "readable" }) {
			t.Errorf("%s: %v", table, a.Problems)
		}
	}
}

func TestTruncationsAreFound(t *testing.T) { everyFormat(t, truncationsAreFound) }

func truncationsAreFound(t *testing.T, format columnar.Format) {
	r := newPartAs(format).write(t)
	for _, path := range []string{r.Images, r.Tags, r.Embeddings, r.Vocab} {
		whole, err := os.ReadFile(path)
		ok(t, err)
		for n := 0; n < len(whole); n += 1 + len(whole)/8 {
			ok(t, os.WriteFile(path, whole[:n], 0o600))
			if a := runHere(t, r); a.Total == 0 {
				t.Errorf("%s: the first %d of %d bytes have no problem", filepath.Base(path), n, len(whole))
			}
		}
		ok(t, os.WriteFile(path, whole, 0o600))
	}
	fine(t, runHere(t, r))
}

// TestFlippedBytesEndInProblemsOrErrors runs children: their answer lists a
// problem, or they die and that is the error, but they never hang. Bytes of
// columns that no check needs may change unnoticed.
func TestFlippedBytesEndInProblemsOrErrors(t *testing.T) {
	everyFormat(t, flippedBytesEndInProblemsOrErrors)
}

func flippedBytesEndInProblemsOrErrors(t *testing.T, format columnar.Format) {
	executable, err := os.Executable()
	ok(t, err)
	r := newPartAs(format).write(t)
	deaths, problems := 0, 0
	for _, path := range []string{r.Images, r.Tags, r.Embeddings, r.Vocab} {
		whole, err := os.ReadFile(path)
		ok(t, err)
		for n := 0; n < len(whole); n += 1 + len(whole)/6 {
			damaged := slices.Clone(whole)
			damaged[n] ^= 0x55
			ok(t, os.WriteFile(path, damaged, 0o600))
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			a, err := reread.Run(ctx, executable, r)
			cancel()
			switch {
			case errors.Is(err, context.DeadlineExceeded):
				t.Errorf("%s: byte %d flipped: no end", filepath.Base(path), n)
			case err != nil:
				deaths++
			case a.Total > 0:
				problems++
			}
		}
		ok(t, os.WriteFile(path, whole, 0o600))
	}
	if problems == 0 {
		t.Error("no damage was a problem")
	}
	t.Logf("%d were problems, %d killed the child", problems, deaths)
}

func TestListedProblemsAreBounded(t *testing.T) {
	p := newPart()
	for i := range p.images {
		p.images[i].Row += 1 << 40
	}
	a := runHere(t, p.write(t))
	if a.Total <= len(a.Problems) || len(a.Problems) != 50 {
		t.Errorf("%d problems, %d listed", a.Total, len(a.Problems))
	}
}

func TestRequestsAreChecked(t *testing.T) {
	for _, text := range []string{"", "{", `{"images":"a"}`, `{"images":"a","tags":"b","embeddings":"c","reduction":"median"}`,
		`{"images":"a","tags":"b","embeddings":"c","reduction":"max","rows":-1}`} {
		var out bytes.Buffer
		if status := reread.Main(strings.NewReader(text), &out); status != 0 || !strings.Contains(out.String(), `"error":"request`) {
			t.Errorf("%q: status %d, %s", text, status, out.String())
		}
	}
}

func TestAChildThatDiesIsAnError(t *testing.T) {
	r := newPart().write(t)
	_, err := reread.Run(t.Context(), "/bin/false", r)
	if err == nil || !strings.Contains(err.Error(), r.Images) {
		t.Errorf("a child that fails: %v", err)
	}
	if _, err = reread.Run(t.Context(), filepath.Join(t.TempDir(), "none"), r); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no program: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	executable, err := os.Executable()
	ok(t, err)
	if _, err = reread.Run(ctx, executable, r); !errors.Is(err, stop) {
		t.Errorf("cancelled: %v", err)
	}
}
