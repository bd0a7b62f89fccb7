package write

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// shard is one attempt at a shard, on its way into files.
type shard struct {
	sink    *Sink
	shard   pipeline.Shard
	attempt string
	started time.Time

	parts      map[string]*part // open ones, by table
	images     *columnar.ImageWriter
	embeddings *columnar.EmbeddingWriter
	tags       []ranked
	uris       []string

	ok, rejected int64
	codes        map[string]int64
	claimed      claimed

	seen, unseen []columnar.RankedTag // buffers of one row
}

// begin opens the files that a shard streams into.
func (s *Sink) begin(ctx context.Context, of pipeline.Shard) (*shard, error) {
	sh := &shard{sink: s, shard: of, attempt: dataset.NewID(), started: time.Now(), parts: map[string]*part{}, codes: map[string]int64{}, claimed: newClaimed(of)}
	images, err := sh.open(ctx, dataset.Images)
	if err != nil {
		return nil, err
	}
	embeddings, err := sh.open(ctx, dataset.Embeddings)
	if err != nil {
		return nil, errors.Join(err, sh.abort())
	}
	c, o := s.Config, sh.options()
	sh.embeddings, err = columnar.NewEmbeddingWriter(embeddings, c.Rows, c.Dim, o)
	if err == nil {
		o.Carried = c.Carried
		sh.images, err = columnar.NewImageWriter(images, o)
	}
	if err != nil {
		return nil, errors.Join(err, sh.abort())
	}
	return sh, nil
}

func (sh *shard) open(ctx context.Context, table string) (*part, error) {
	p, err := newPart(ctx, sh.sink.Bucket, table, sh.key(table))
	if err == nil {
		sh.parts[table] = p
	}
	return p, err
}

// key names a table's file of the attempt.
func (sh *shard) key(table string) string {
	p := sh.sink.Plan
	return dataset.AttemptKey(p.RunID, sh.shard.Index, sh.attempt, table, p.Identity.Files())
}

// options of a table's writer.
func (sh *shard) options() columnar.Options {
	return columnar.Options{Format: columnar.Format(sh.sink.Plan.Identity.Files()), Metadata: sh.sink.Config.Metadata}
}

// rows is how many rows the shard has accounted for.
func (sh *shard) rows() int64 { return sh.ok + sh.rejected }

// add appends a batch's rows to the tables.
func (sh *shard) add(b *pipeline.Batch) error {
	matrix := sh.sink.Config.Rows * sh.sink.Config.Dim
	for i, o := range b.Images {
		if err := sh.claimed.take(o.Number); err != nil {
			return err
		}
		if err := sh.addLabelled(o, b, i, b.Embeddings[i*matrix:][:matrix]); err != nil {
			return err
		}
	}
	for _, o := range b.Rejected {
		if err := sh.claimed.take(o.Number); err != nil {
			return err
		}
		sh.rejected++
		sh.codes[o.Reject.Stage+"/"+o.Reject.Code]++
		if err := sh.images.Append(sh.image(o, columnar.StatusRejected)); err != nil {
			return err
		}
	}
	return nil
}

func (sh *shard) addLabelled(o pipeline.Outcome, b *pipeline.Batch, i int, matrix []float32) error {
	row := sh.image(o, columnar.StatusOK)
	sh.seen = sh.named(sh.seen[:0], b.Seen, i)
	sh.unseen = sh.named(sh.unseen[:0], b.Unseen, i)
	row.Seen, row.Unseen, row.RowSpread = sh.seen, sh.unseen, b.Spread[i]
	if err := sh.images.Append(row); err != nil {
		return err
	}
	sh.ok++
	uri := int32(len(sh.uris))
	sh.uris = append(sh.uris, row.URI)
	sh.tags = appendRanked(sh.tags, b.Seen, i, o.Number, uri)
	sh.tags = appendRanked(sh.tags, b.Unseen, i, o.Number, uri)
	return sh.embeddings.Append(o.Number, row.URI, matrix)
}

// named turns the tags of image i into the images table's form.
func (sh *shard) named(out []columnar.RankedTag, tags pipeline.RankedTags, i int) []columnar.RankedTag {
	for r := range tags.Count {
		at := i*tags.Count + r
		id := tags.TagIDs[at]
		out = append(out, columnar.RankedTag{Tag: sh.sink.Config.Tags[id], TagID: id, Score: tags.Scores[at], Rank: int32(r + 1)})
	}
	return out
}

// image is the row of an outcome, without tags.
func (sh *shard) image(o pipeline.Outcome, status string) columnar.Image {
	c := sh.sink.Config
	row := columnar.Image{
		Row: o.Number, URI: sh.sink.display(o.URI), Version: o.Version, Bytes: o.Bytes,
		Width: int32(o.Width), Height: int32(o.Height), Format: o.Format, Status: status,
		Attempts: int32(o.Attempts), ModelID: c.ModelID, VocabID: c.VocabID, ProcessedAt: o.Processed, Carried: o.Carried,
	}
	if o.SHA256 != [32]byte{} {
		row.SHA256 = hex.EncodeToString(o.SHA256[:])
	}
	if r := o.Reject; r != nil {
		row.Stage, row.Code, row.Message, row.Retryable = r.Stage, r.Code, cmp.Or(r.Message, r.Code), r.Retryable
	}
	return row
}

// close writes what is left of the shard and describes it. After an error the
// caller aborts.
func (sh *shard) close(ctx context.Context) (*dataset.Receipt, error) {
	if err := errors.Join(sh.images.Close(), sh.embeddings.Close()); err != nil {
		return nil, err
	}
	if err := sh.writeTags(ctx); err != nil {
		return nil, err
	}
	rows := map[string]int64{dataset.Images: sh.rows(), dataset.Embeddings: sh.ok, dataset.Tags: int64(len(sh.tags))}
	r := &dataset.Receipt{
		Format: dataset.Format, RunID: sh.sink.Plan.RunID, Shard: sh.shard.Index, Attempt: sh.attempt,
		First: sh.shard.First, Rows: sh.shard.Rows, OK: sh.ok, Rejected: sh.rejected, Codes: sh.codes,
		Device: sh.sink.Config.Device, Program: sh.sink.Config.Program,
	}
	for _, table := range dataset.ShardTables {
		file, err := sh.parts[table].publish(rows[table])
		if err != nil {
			return nil, err
		}
		delete(sh.parts, table)
		r.Files = append(r.Files, file)
	}
	r.Finished, r.Seconds = time.Now().UTC(), time.Since(sh.started).Seconds()
	return r, nil
}

func (sh *shard) writeTags(ctx context.Context) error {
	out, err := sh.open(ctx, dataset.Tags)
	if err != nil {
		return err
	}
	w, err := columnar.NewTagWriter(out, sh.options())
	if err != nil {
		return err
	}
	sortRanked(sh.tags, sh.sink.order)
	for _, t := range sh.tags {
		if err := w.Append(columnar.TagRow{
			Tag: sh.sink.Config.Tags[t.tag], TagID: t.tag, Seen: sh.sink.Config.Seen[t.tag],
			Score: t.score, Rank: t.rank, Row: t.row, URI: sh.uris[t.uri],
		}); err != nil {
			return err
		}
	}
	return w.Close()
}

// abort discards every file that is still open.
func (sh *shard) abort() error {
	var errs []error
	for _, p := range sh.parts {
		errs = append(errs, p.out.Abort())
	}
	sh.parts = nil
	return errors.Join(errs...)
}

// withdrawTimeout bounds how long a shard that failed cleans up behind itself.
const withdrawTimeout = 5 * time.Second

// withdraw removes the files of an attempt that never got a receipt, also after
// ctx ended. What the store does not let go of now, or takes in afterwards of an
// upload that was given up, is left behind: nothing reads it.
func (sh *shard) withdraw(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawTimeout)
	defer cancel()
	_ = sh.remove(ctx)
}

// remove deletes the attempt's files.
func (sh *shard) remove(ctx context.Context) error {
	var errs []error
	for _, table := range dataset.ShardTables {
		errs = append(errs, sh.sink.Bucket.Delete(ctx, sh.key(table)))
	}
	return errors.Join(errs...)
}
