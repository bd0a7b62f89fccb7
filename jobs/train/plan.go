package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/loop"
)

// Names in the folder of a training, which lies in the output's.
const (
	folderName  = "_training/"
	planKey     = folderName + "plan.json"
	checkpoints = folderName + "checkpoints/"
	historyKey  = folderName + "history.jsonl"
	metricsKey  = folderName + "metrics.parquet"
	pageKey     = folderName + "training.html"
)

// plan is all that decides the result of a training. It is written once; a
// training under another one is refused.
type plan struct {
	Version int    `json:"version"`
	Labels  string `json:"labels"` // digest
	Vocab   string `json:"vocab"`  // id
	Init    string `json:"init"`   // id of the bundle
	Tune    string `json:"tune"`
	Images  int64  `json:"images"` // to train on
	Batch   int    `json:"batch"`  // images a step, after fitting it to the set
	Recipe  Recipe `json:"recipe"`
}

const planVersion = 1

// id is the digest of a plan.
func (p plan) id() string {
	sum := sha256.Sum256(p.encode())
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (p plan) encode() []byte {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		panic("train: a validated plan does not marshal: " + err.Error())
	}
	return append(text, '\n')
}

// settle stores the plan, or compares it with the one that is there.
func (p plan) settle(ctx context.Context, out *storage.Bucket) error {
	mine := p.encode()
	stored, err := out.CreateOnce(ctx, planKey, mine)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	if bytes.Equal(stored, mine) {
		return nil
	}
	return fmt.Errorf("%w: in %s, %s", ErrOtherTraining, out.URI(), differences(stored, mine))
}

// ErrOtherTraining is reported for an output that belongs to a training with
// other settings.
var ErrOtherTraining = fmt.Errorf("%w: not the same training", jobs.ErrConfig)

// ErrDiverged is reported for a loss that is not finite or grows without end.
var ErrDiverged = loop.ErrDiverged

// differences names the fields in which two plans differ.
func differences(theirs, mine []byte) string {
	a, b := fields(theirs), fields(mine)
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if a[name] != b[name] {
			list = append(list, fmt.Sprintf("%s was %s, is %s", name, orNothing(a[name]), orNothing(b[name])))
		}
	}
	if len(list) == 0 {
		return "its plan cannot be read"
	}
	return strings.Join(list, "; ")
}

func orNothing(text string) string {
	if text == "" {
		return "not set"
	}
	return text
}

// fields are the plan's leaves as JSON, by name.
func fields(text []byte) map[string]string {
	var outer map[string]json.RawMessage
	if json.Unmarshal(text, &outer) != nil {
		return nil
	}
	out := map[string]string{}
	var inner map[string]json.RawMessage
	if json.Unmarshal(outer["recipe"], &inner) == nil {
		delete(outer, "recipe")
		maps.Copy(outer, inner)
	}
	for name, value := range outer {
		out[name] = string(value)
	}
	return out
}
