package model

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

const (
	labelSpaceKey      = "sdl.label_space" // in a vocab table's metadata
	maxVocabularyBytes = 4 << 30
)

// ReadVocabulary reads and validates the vocab table at uri. A file that is no
// such table is ErrCorrupt, one whose rows make no vocabulary ErrInvalid.
func ReadVocabulary(ctx context.Context, uri string) (*Vocabulary, error) {
	data, err := readObject(ctx, uri, maxVocabularyBytes)
	if err != nil {
		return nil, fmt.Errorf("read vocabulary: %w", err)
	}
	v, err := DecodeVocabulary(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("read vocabulary %s: %w", storage.Redact(uri), err)
	}
	return v, nil
}

// DecodeVocabulary reads the bytes of a vocab table.
func DecodeVocabulary(ctx context.Context, data []byte) (*Vocabulary, error) {
	file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	var rows []columnar.VocabRow
	err = file.Vocab(ctx, func(r columnar.VocabRow) error {
		if len(rows) == maxTags {
			return fmt.Errorf("more than %d tags", maxTags)
		}
		r.Vector = slices.Clone(r.Vector)
		rows = append(rows, r)
		return nil
	})
	if ended := ctx.Err(); ended != nil {
		return nil, ended
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return vocabularyOf(rows, file.Metadata[labelSpaceKey])
}

// vocabularyOf puts rows in the order of their ids, which must be 0 to C-1.
func vocabularyOf(rows []columnar.VocabRow, labelSpace string) (*Vocabulary, error) {
	slices.SortStableFunc(rows, func(a, b columnar.VocabRow) int { return int(a.TagID) - int(b.TagID) })
	v := &Vocabulary{LabelSpace: labelSpace}
	var p problems
	for i, r := range rows {
		if i == 0 {
			v.Dim = len(r.Vector)
		}
		if int(r.TagID) != i {
			p.addf("tag %q has tag_id %d, want 0 to %d, each once", r.Tag, r.TagID, len(rows)-1)
		}
		if len(r.Vector) != v.Dim {
			p.addf("the vector of tag %q has %d values, that of %q %d", r.Tag, len(r.Vector), rows[0].Tag, v.Dim)
		}
		v.Tags, v.Seen = append(v.Tags, r.Tag), append(v.Seen, r.Seen)
		v.Vectors = append(v.Vectors, r.Vector...)
	}
	if err := p.err("vocabulary"); err != nil {
		return nil, err
	}
	if err := v.Validate(); err != nil {
		return nil, err
	}
	return v, nil
}

// Encode writes a valid vocabulary as a vocab table in Parquet.
func (v *Vocabulary) Encode(w io.Writer) error { return v.EncodeAs(w, columnar.Parquet) }

// EncodeAs writes it in a format.
func (v *Vocabulary) EncodeAs(w io.Writer, format columnar.Format) error {
	if err := v.Validate(); err != nil {
		return err
	}
	table, err := columnar.NewVocabWriter(w, columnar.Options{Format: format, Metadata: v.metadata()})
	if err != nil {
		return fmt.Errorf("encode vocabulary: %w", err)
	}
	for id, tag := range v.Tags {
		row := columnar.VocabRow{TagID: int32(id), Tag: tag, Seen: v.Seen[id], Vector: v.Vector(id)}
		if err := table.Append(row); err != nil {
			return fmt.Errorf("encode vocabulary: %w", err)
		}
	}
	if err := table.Close(); err != nil {
		return fmt.Errorf("encode vocabulary: %w", err)
	}
	return nil
}

func (v *Vocabulary) metadata() map[string]string {
	if v.LabelSpace == "" {
		return nil
	}
	return map[string]string{labelSpaceKey: v.LabelSpace}
}

// WriteVocabulary stores a vocabulary at uri, in place of what was there.
func WriteVocabulary(ctx context.Context, uri string, v *Vocabulary) error {
	var text bytes.Buffer
	if err := v.Encode(&text); err != nil {
		return err
	}
	parent, name, err := storage.SplitURI(uri)
	if err != nil {
		return fmt.Errorf("write vocabulary: %w", err)
	}
	bucket, err := folder{uri: parent}.open(ctx)
	if err != nil {
		return fmt.Errorf("write vocabulary: %w", err)
	}
	defer bucket.Close()
	if err := put(ctx, bucket, name, text.Bytes()); err != nil {
		return fmt.Errorf("write vocabulary: %w", err)
	}
	return nil
}
