package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// write stores the files that the options ask for.
func (o Options) write(ctx context.Context, e *Evaluation) error {
	if o.PerTag != "" {
		if err := store(ctx, o.PerTag, e.writeTags); err != nil {
			return fmt.Errorf("results per tag: %w", err)
		}
	}
	if o.Report != "" {
		if err := store(ctx, o.Report, e.writeJSON); err != nil {
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

// store writes an object, whole or not at all.
func store(ctx context.Context, uri string, content func(io.Writer) error) error {
	folder, key, err := storage.SplitURI(uri)
	if err != nil {
		return err
	}
	bucket, err := storage.Open(ctx, folder)
	if err != nil {
		return err
	}
	defer bucket.Close()
	w, err := bucket.NewWriter(ctx, key)
	if err != nil {
		return err
	}
	if err := content(w); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Close()
}
