package dataset_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// TestASealTellsWhatWasAltered: a commit, plan or receipt that was stored and read
// again has the digest of its seal; an altered one has another.
func TestASealTellsWhatWasAltered(t *testing.T) {
	b, p := memory(t), newPlan()
	receipts := []*dataset.Receipt{newReceipt(0, "A"), newReceipt(1, "B"), nil}
	c := newCommit()
	if c.Intact() {
		t.Error("a commit without a seal is intact")
	}
	c.Seal = dataset.NewSeal(c, p, receipts)
	stored, err := dataset.CreateCommit(t.Context(), b, c)
	ok(t, err)
	plan, err := dataset.CreatePlan(t.Context(), b, p)
	ok(t, err)
	if again := dataset.NewSeal(stored, plan, receipts); !stored.Intact() || dataset.Digest(again) != dataset.Digest(c.Seal) || again.Receipts[2] != "" {
		t.Errorf("seal %+v, again %+v", c.Seal, again)
	}
	for name, alter := range map[string]func(){
		"a count":      func() { stored.OK++ },
		"a time":       func() { stored.Committed = stored.Committed.Add(time.Nanosecond) },
		"a file":       func() { stored.Files[0].SHA256 = "01" },
		"a receipt":    func() { stored.Seal.Receipts[1] = stored.Seal.Receipts[0] },
		"the plan":     func() { stored.Seal.Plan = "" },
		"its own seal": func() { stored.Seal.Commit = strings.Repeat("0", 64) },
	} {
		if stored, err = dataset.ReadCommit(t.Context(), b, run); err != nil {
			t.Fatal(err)
		}
		if alter(); stored.Intact() {
			t.Errorf("%s was altered and the commit is intact", name)
		}
	}
}

// TestTextsAsWritten: a text with a field more is not what the program writes.
func TestTextsAsWritten(t *testing.T) {
	text, err := json.MarshalIndent(newCommit(), "", " ")
	ok(t, err)
	text = append(text, '\n')
	if !dataset.AsWritten(text, newCommit()) {
		t.Error("what was written is not")
	}
	for _, other := range []string{"", string(text[1:]), string(text) + "\n", strings.Replace(string(text), `"rows"`, `"Rows"`, 1), strings.Replace(string(text), "{", `{"x": 1,`, 1)} {
		if dataset.AsWritten([]byte(other), newCommit()) {
			t.Errorf("%.40q is as it was written", other)
		}
	}
}

// FuzzDigest takes the digest of any record that can be read: the same when it was
// written and read again.
func FuzzDigest(f *testing.F) {
	f.Add(text(f, newPlan()), uint8(0))
	f.Add(text(f, newReceipt(1, "A")), uint8(1))
	f.Add(text(f, newCommit()), uint8(2))
	f.Add([]byte(`{"committed":"0000-01-01T00:00:00+23:59","shard_seconds":1e308}`), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		first, again := records[kind%3](), records[kind%3]()
		if json.Unmarshal(data, first) != nil {
			return
		}
		ok(t, json.Unmarshal(text(t, first), again))
		if dataset.Digest(first) != dataset.Digest(again) {
			t.Errorf("%s and then %s", text(t, first), text(t, again))
		}
	})
}

var records = []func() any{
	func() any { return new(dataset.Plan) }, func() any { return new(dataset.Receipt) }, func() any { return new(dataset.Commit) },
}
