package queries_test

import (
	"fmt"
	"slices"
	"testing"
)

// TestPartsHaveWhatEnginesPruneBy looks into the footers.
func TestPartsHaveWhatEnginesPruneBy(t *testing.T) {
	l, d := labelled(t), openDuckDB(t)
	for _, table := range []string{"images", "tags", "embeddings", "vocab"} {
		d.expectNone(table+" is not zstd", fmt.Sprintf(
			"SELECT file_name, path_in_schema, compression FROM parquet_metadata(%s) WHERE compression <> 'ZSTD'", l.parts(table)))
	}
	d.expectNone("no statistics or no bloom filter", fmt.Sprintf(
		`SELECT file_name, path_in_schema FROM parquet_metadata(%s)
		WHERE stats_min_value IS NULL OR stats_max_value IS NULL
			OR (path_in_schema = 'uri') <> coalesce(bloom_filter_length > 0, false)`, l.parts("tags")))
	d.expectNone("a dictionary or statistics of floats that do not repeat", fmt.Sprintf(
		`SELECT file_name, encodings, stats_min_value FROM parquet_metadata(%s)
		WHERE starts_with(path_in_schema, 'embedding') AND (encodings LIKE '%%DICTIONARY%%' OR stats_min_value IS NOT NULL)`, l.parts("embeddings")))
}

// TestBloomFilterFindsImages asks the filters of all parts for images that are
// there and for ones that are not.
func TestBloomFilterFindsImages(t *testing.T) {
	l, d := labelled(t), openDuckDB(t)
	all := l.runs[0]
	for i, uri := range all.uris[:all.ok()] {
		kept := d.lines(fmt.Sprintf(`SELECT parse_filename(file_name) FROM parquet_bloom_probe(%s, 'uri', %s)
			WHERE NOT bloom_filter_excludes AND contains(file_name, %s)`, l.parts("tags"), quoted(uri), quoted("run="+all.id)))
		if part := fmt.Sprintf("part-%06d.parquet", i/8); !slices.Contains(kept, part) || len(kept) == 3 {
			t.Errorf("%s is in %s, the filters say in %v", uri, part, kept)
		}
	}
	d.expectNone("a filter thinks it holds the reject", fmt.Sprintf(
		`FROM parquet_bloom_probe(%s, 'uri', 'missing.jpg') WHERE NOT bloom_filter_excludes`, l.parts("tags")))
}
