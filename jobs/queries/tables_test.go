package queries_test

import (
	"fmt"
	"testing"
)

const (
	varchar   = "VARCHAR"
	ranked    = `STRUCT(tag VARCHAR, tag_id INTEGER, score FLOAT, rank INTEGER)[]`
	timestamp = "TIMESTAMP WITH TIME ZONE"
)

// documented are the tables' columns as docs/schema.md promises them, in
// DuckDB's words.
var documented = map[string][]string{
	"images": {
		"manifest_row | BIGINT", "uri | " + varchar, "version | " + varchar, "sha256 | " + varchar, "bytes | BIGINT",
		"width | INTEGER", "height | INTEGER", "format | " + varchar,
		"status | " + varchar, "stage | " + varchar, "code | " + varchar, "message | " + varchar,
		"attempts | INTEGER", "retryable | BOOLEAN", "seen | " + ranked, "unseen | " + ranked, "row_spread | FLOAT",
		"model_id | " + varchar, "vocab_id | " + varchar, "processed_at | " + timestamp,
	},
	"tags": {
		"tag | " + varchar, "tag_id | INTEGER", "seen | BOOLEAN", "score | FLOAT", "rank | INTEGER",
		"manifest_row | BIGINT", "uri | " + varchar,
	},
	"embeddings": {
		"manifest_row | BIGINT", "uri | " + varchar, "rows | INTEGER", "dim | INTEGER", "embedding | FLOAT[]",
	},
	"vocab": {"tag_id | INTEGER", "tag | " + varchar, "seen | BOOLEAN", "vector | FLOAT[]"},
}

func TestColumnsAreTheDocumentedOnes(t *testing.T) {
	l, d := labelled(t), openDuckDB(t)
	for table, want := range documented {
		d.expect(fmt.Sprintf(`SELECT column_name, column_type FROM (
			DESCRIBE FROM read_parquet(%s, hive_partitioning = false))`, l.parts(table)), want)
	}
}

func TestEveryManifestRowIsThereOnce(t *testing.T) {
	l := labelled(t)
	d := openViews(t, l)
	for _, r := range l.runs {
		d.set("run", quoted(r.id))
		var all, ok []string
		for i, uri := range r.uris {
			status := "ok"
			if r.rejects[uri] != "" {
				status = "rejected"
			}
			all = append(all, fmt.Sprintf("%d | %s | %s", i, uri, status))
			if status == "ok" {
				ok = append(ok, fmt.Sprintf("%d | %s", i, uri))
			}
		}
		d.expect("SELECT manifest_row, uri, status FROM images ORDER BY manifest_row", all)
		d.expect("SELECT manifest_row, uri FROM embeddings ORDER BY manifest_row", ok)
		d.expect("SELECT DISTINCT manifest_row, uri FROM tags ORDER BY manifest_row", ok)
	}
}

func TestShardsAreParts(t *testing.T) {
	l, d := labelled(t), openDuckDB(t)
	for _, table := range []string{"images", "tags", "embeddings"} {
		d.expect("SELECT parse_filename(file) FROM glob("+l.parts(table)+") ORDER BY file",
			[]string{"part-000000.parquet", "part-000001.parquet", "part-000002.parquet", "part-000000.parquet", "part-000001.parquet"})
	}
}

func TestImagesCarryWhatTheyPromise(t *testing.T) {
	d := openViews(t, labelled(t))
	d.expectNone("a labelled image lacks something", `
		FROM images WHERE status = 'ok' AND NOT (length(sha256) = 64 AND bytes > 0 AND width = 64 AND height = 48
			AND format IN ('png', 'jpeg') AND stage IS NULL AND code IS NULL AND message IS NULL
			AND attempts >= 1 AND NOT retryable AND row_spread >= 0
			AND seen IS NOT NULL AND unseen IS NOT NULL)`)
	d.expectNone("a reject lacks its reason, or has tags", `
		FROM images WHERE status <> 'ok' AND NOT (status = 'rejected' AND length(stage) > 0 AND length(code) > 0
			AND length(message) > 0 AND seen IS NULL AND unseen IS NULL AND row_spread IS NULL)`)
	d.expectNone("an image is of no known time, model or vocabulary", `
		FROM images WHERE NOT (model_id <> '' AND vocab_id <> '' AND processed_at BETWEEN now() - INTERVAL 1 DAY AND now())`)
	d.expectNone("a matrix is not rows x dim of numbers", `
		FROM embeddings WHERE len(embedding) <> rows * dim OR list_bool_or([NOT isfinite(x) FOR x IN embedding])`)
	d.expectNone("a vector is not as long as a matrix row", `
		FROM vocab WHERE len(vector) <> (SELECT any_value(dim) FROM embeddings)`)
}

func TestTagsAreSortedInEachPart(t *testing.T) {
	l, d := labelled(t), openDuckDB(t)
	ordered := fmt.Sprintf(`SELECT filename, tag, score, file_row_number AS place,
			lag(tag) OVER w AS tag_before, lag(score) OVER w AS score_before
		FROM read_parquet(%s, filename = true, file_row_number = true)
		WINDOW w AS (PARTITION BY filename ORDER BY file_row_number)`, l.parts("tags"))
	d.expectNone("out of order", fmt.Sprintf(
		"FROM (%s) WHERE tag < tag_before OR (tag = tag_before AND score > score_before)", ordered))
	d.expect(fmt.Sprintf("SELECT count(DISTINCT tag) > 1 AND count(*) FILTER (tag = tag_before) > 1 FROM (%s)", ordered),
		[]string{"true"})
}

// TestImagesHoldTheSameTags compares the lists in images with the tags table.
func TestImagesHoldTheSameTags(t *testing.T) {
	d := openViews(t, labelled(t))
	d.exec(`CREATE TEMP TABLE nested AS
		SELECT run, manifest_row, uri, true AS in_seen, unnest(seen, recursive := true) FROM images
		UNION ALL BY NAME
		SELECT run, manifest_row, uri, false AS in_seen, unnest(unseen, recursive := true) FROM images`)
	d.exec(`CREATE TEMP TABLE flat AS SELECT run, manifest_row, uri, seen AS in_seen, tag, tag_id, score, rank FROM tags`)
	d.expectNone("only in images", "FROM nested EXCEPT FROM flat")
	d.expectNone("only in tags", "FROM flat EXCEPT FROM nested")
	d.expect("SELECT (SELECT count(*) FROM nested) = (SELECT count(*) FROM flat) AND count(*) > 0 FROM flat", []string{"true"})
}
