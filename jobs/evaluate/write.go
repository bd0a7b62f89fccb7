package evaluate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// write stores the files that the options ask for.
func (o Options) write(ctx context.Context, e *Evaluation) error {
	if o.PerTag != "" {
		if err := jobs.WriteObject(ctx, o.PerTag, e.writeTags); err != nil {
			return fmt.Errorf("results per tag: %w", err)
		}
	}
	if o.Report != "" {
		if err := jobs.WriteObject(ctx, o.Report, e.writeJSON); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return nil
}

func (e *Evaluation) writeTags(w io.Writer) error {
	table, err := columnar.NewEvaluationWriter(w, columnar.Options{Metadata: map[string]string{
		"sdl.model_id": e.ModelID, "sdl.vocab_id": e.VocabID, "sdl.labels": e.LabelsDigest, "sdl.program": e.Program,
	}})
	if err != nil {
		return err
	}
	for _, t := range e.Tags {
		if err := table.Append(columnar.EvaluationRow{
			TagID: t.ID, Tag: t.Tag, Seen: t.Seen, Annotated: t.Annotated, Positives: t.Positives,
			AP: t.AP, APGroup: t.APGroup, APKeep: t.APKeep,
		}); err != nil {
			return err
		}
	}
	return table.Close()
}

func (e *Evaluation) writeJSON(w io.Writer) error {
	to := json.NewEncoder(w)
	to.SetIndent("", "  ")
	return to.Encode(e)
}
