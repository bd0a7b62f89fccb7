package queries_test

import (
	"fmt"
	"testing"
)

// TestTopEqualsTags computes every score in SQL and compares the ranked tags
// with them. Floats are compared on the scale of an image's largest score:
// scores within 1e-4 of it, and where another tag has a rank, that tag's score
// within 1e-5 of it.
func TestTopEqualsTags(t *testing.T) {
	l := labelled(t)
	d := openViews(t, l)
	scoreEverything(d, l)
	d.expectNone("a score that the embeddings do not give", `
		SELECT t.run, t.uri, t.tag, t.score, s.score
		FROM tags AS t LEFT JOIN scores AS s USING (run, manifest_row, uri, tag_id, tag, seen)
		WHERE s.score IS NULL OR NOT abs(t.score - s.score) <= 1e-4 * s.scale`)
	d.expectNone("a rank that the embeddings do not give", `
		SELECT run, manifest_row, seen, rank, t.tag, t.score, s.tag, s.score, own.score
		FROM tags AS t
		FULL JOIN (SELECT * FROM scores JOIN runs USING (run) WHERE rank <= top_k) AS s USING (run, manifest_row, seen, rank)
		LEFT JOIN scores AS own ON (own.run, own.manifest_row, own.tag_id) = (t.run, t.manifest_row, t.tag_id)
		WHERE t.tag_id IS NULL OR s.tag_id IS NULL
			OR (t.tag_id <> s.tag_id AND NOT abs(own.score - s.score) <= 1e-5 * s.scale)`)
	d.expect(`SELECT run, count(*) FROM tags GROUP BY run ORDER BY run`, wantRanked(d, l))
}

// scoreEverything makes the table scores of all tags of all images, with the
// largest of an image's scores as scale, and the table runs.
func scoreEverything(d *database, l *lake) {
	d.t.Helper()
	d.set("top", "1000000")
	d.exec(`CREATE TEMP TABLE scores AS
		SELECT *, max(abs(score)) OVER (PARTITION BY run, manifest_row) AS scale FROM ` + asked(d.t, "top"))
	d.exec("CREATE TEMP TABLE runs (run VARCHAR, top_k INTEGER)")
	for _, r := range l.runs {
		d.exec(fmt.Sprintf("INSERT INTO runs VALUES (%s, %d)", quoted(r.id), r.topK))
	}
	d.expect("SELECT run, count(*) FROM scores GROUP BY run ORDER BY run", perRun(l, func(r run) int { return r.ok() * vocabulary(d, r, "true") }))
}

// wantRanked returns how many ranked tags each run must have: top-k of each
// group for each labelled image, or all of a group that has fewer.
func wantRanked(d *database, l *lake) []string {
	return perRun(l, func(r run) int {
		return r.ok() * (min(r.topK, vocabulary(d, r, "seen")) + min(r.topK, vocabulary(d, r, "NOT seen")))
	})
}

// vocabulary counts the tags of a run's vocabulary for which a condition holds.
func vocabulary(d *database, r run, condition string) (n int) {
	d.t.Helper()
	err := d.QueryRow(fmt.Sprintf("SELECT count(*) FILTER (%s) FROM vocab WHERE run = ?", condition), r.id).Scan(&n)
	if err != nil || n == 0 && condition == "true" {
		d.t.Fatalf("vocabulary of %s: %d tags, %v", r.id, n, err)
	}
	return n
}

func perRun(l *lake, count func(run) int) (lines []string) {
	for _, r := range l.runs {
		lines = append(lines, fmt.Sprintf("%s | %d", r.id, count(r)))
	}
	return lines
}

func TestTopGoesTenDeepUnlessTold(t *testing.T) {
	l := labelled(t)
	d := openViews(t, l)
	for top, want := range map[string]int{"NULL": 10, "2": 2} {
		d.set("top", top)
		d.expect("SELECT run, count(*) FROM "+asked(t, "top")+" GROUP BY run ORDER BY run", perRun(l, func(r run) int {
			return r.ok() * (min(want, vocabulary(d, r, "seen")) + min(want, vocabulary(d, r, "NOT seen")))
		}))
	}
}
