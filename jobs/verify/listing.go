package verify

import (
	"context"

	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// listings checks that the table folders hold the committed files and an empty
// marker, no more and no less. What is missing is no longer among the parts.
func (c *check) listings(ctx context.Context) error {
	found := map[string]bool{}
	for _, table := range dataset.Tables {
		if err := c.listing(ctx, table, found); err != nil {
			return err
		}
	}
	for _, f := range c.commit.Files {
		if _, ours := c.parts[f.Key]; ours && !found[f.Key] {
			c.report.note(f.Key, "missing", "was committed and is not there")
			delete(c.parts, f.Key)
		}
	}
	return nil
}

// listing checks a table's folder, and notes in found which parts it holds.
func (c *check) listing(ctx context.Context, table string, found map[string]bool) error {
	marker, marked := dataset.SuccessKey(table, c.RunID), false
	for o, err := range c.out.List(ctx, dataset.TablePrefix(table, c.RunID)) {
		if err != nil {
			return err
		}
		f, part := c.parts[o.Key]
		switch {
		case part && o.Size != f.Bytes:
			c.report.note(o.Key, "size", "has %d bytes, %d were committed", o.Size, f.Bytes)
		case o.Key == marker && o.Size != 0:
			c.report.note(o.Key, "size", "has %d bytes, a marker has none", o.Size)
		case !part && o.Key != marker:
			c.report.note(o.Key, "extra", "is not among the committed files")
		}
		if part {
			found[o.Key] = true
		}
		marked = marked || o.Key == marker
	}
	if !marked {
		c.report.note(marker, "missing", "the run is committed; to label it again restores the marker")
	}
	return nil
}
