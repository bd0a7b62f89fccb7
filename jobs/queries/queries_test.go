package queries_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
)

// tagRow is a row of the tags table.
type tagRow struct {
	run, uri, tag string
	seen          bool
	score         float32
	rank          int
	row           int64
}

// tagRows returns the tags table in no order.
func tagRows(d *database) (out []tagRow) {
	d.t.Helper()
	rows, err := d.Query("SELECT run, uri, tag, seen, score, rank, manifest_row FROM tags")
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r tagRow
		if err := rows.Scan(&r.run, &r.uri, &r.tag, &r.seen, &r.score, &r.rank, &r.row); err != nil {
			d.t.Fatal(err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil || len(out) == 0 {
		d.t.Fatalf("%d ranked tags, %v", len(out), err)
	}
	return out
}

func byRunAndScore(a, b tagRow) int {
	return cmp.Or(cmp.Compare(a.run, b.run), cmp.Compare(b.score, a.score), cmp.Compare(a.row, b.row))
}

// firstOfEachRun keeps n rows of each run.
func firstOfEachRun(sorted []tagRow, n int) []tagRow {
	taken := map[string]int{}
	return slices.DeleteFunc(slices.Clone(sorted), func(r tagRow) bool {
		taken[r.run]++
		return taken[r.run] > n
	})
}

func TestCounts(t *testing.T) {
	l := labelled(t)
	d := openViews(t, l)
	var want []string
	ranked := wantRanked(d, l)
	for i, r := range l.runs {
		want = append(want, fmt.Sprintf("%s | %d | %d | %d | true | %s | %d | %d",
			r.id, len(r.uris), r.ok(), len(r.rejects), ranked[i], r.ok(), vocabulary(d, r, "true")))
	}
	d.expect(`SELECT run, manifest_rows, ok, rejected, abs(rejected_percent - 100.0 * rejected / manifest_rows) <= 0.005,
		run, tag_rows, embedding_rows, vocab_rows FROM `+asked(t, "counts"), want)
	d.expectNone("odd sums", "SELECT * FROM "+asked(t, "counts")+
		" WHERE NOT (bytes_read > 0 AND mean_row_spread >= 0 AND first_processed <= last_processed)")
}

func TestRejects(t *testing.T) {
	l := labelled(t)
	d := openViews(t, l)
	all := l.runs[0]
	var want []string
	for uri, stage := range all.rejects {
		want = append(want, fmt.Sprintf("%s | %s | false | 1 | 50 | %s", all.id, stage, uri))
	}
	slices.Sort(want)
	d.expect("SELECT run, stage, retryable, rejected, percent_of_rejects, example_uri FROM "+asked(t, "rejects"), want)
	d.expectNone("a reason without words", "FROM "+asked(t, "rejects")+" WHERE NOT (length(code) > 0 AND length(example_message) > 0)")
}

func TestBestImagesOfATag(t *testing.T) {
	d := openViews(t, labelled(t))
	rows := tagRows(d)
	slices.SortFunc(rows, byRunAndScore)
	for _, tag := range []string{rows[0].tag, rows[len(rows)-1].tag, "no such tag"} {
		matching := slices.DeleteFunc(slices.Clone(rows), func(r tagRow) bool { return r.tag != tag })
		d.set("tag", quoted(tag))
		for top, n := range map[string]int{"2": 2, "NULL": 10} {
			var want []string
			for _, r := range firstOfEachRun(matching, n) {
				want = append(want, fmt.Sprintf("%s | %v | %d | %v | %s | %d", r.run, r.score, r.rank, r.seen, r.uri, r.row))
			}
			d.set("top", top)
			d.expect("SELECT * FROM "+asked(t, "best"), want)
		}
	}
}

func TestSeveralTagsTogether(t *testing.T) {
	d := openViews(t, labelled(t))
	rows := tagRows(d)
	one := slices.MaxFunc(rows, byRunAndScore)
	two := rows[slices.IndexFunc(rows, func(r tagRow) bool { return r.run == one.run && r.row == one.row && r.tag != one.tag })]
	scores := map[string]float32{}
	for _, r := range rows {
		scores[r.run+"/"+r.uri+"/"+r.tag] = r.score
	}
	var both []tagRow
	for _, r := range rows {
		if other, ok := scores[r.run+"/"+r.uri+"/"+two.tag]; ok && r.tag == one.tag {
			r.score = min(r.score, other)
			both = append(both, r)
		}
	}
	slices.SortFunc(both, byRunAndScore)
	var want []string
	for _, r := range firstOfEachRun(both, 10) {
		want = append(want, fmt.Sprintf("%s | %v | %s | %d", r.run, r.score, r.uri, r.row))
	}
	d.set("tags", fmt.Sprintf("[%s, %[2]s, %[2]s]", quoted(one.tag), quoted(two.tag)))
	d.expect("SELECT run, weakest, uri, manifest_row FROM "+asked(t, "together"), want)
	d.expectNone("the scores do not hold the weakest", "FROM "+asked(t, "together")+
		" WHERE list_min(map_values(scores)) <> weakest OR cardinality(scores) <> 2")
	d.set("tags", fmt.Sprintf("[%s, 'no such tag']", quoted(one.tag)))
	d.expectNone("an image has a tag that is not there", "FROM "+asked(t, "together"))
}

func TestTagsOfAnImage(t *testing.T) {
	l := labelled(t)
	d := openViews(t, l)
	rows := tagRows(d)
	uri := l.runs[1].uris[3] // a name with a space and letters beyond ASCII
	rows = slices.DeleteFunc(rows, func(r tagRow) bool { return r.uri != uri })
	slices.SortFunc(rows, func(a, b tagRow) int {
		if a.run == b.run && a.seen != b.seen {
			return map[bool]int{true: -1, false: 1}[a.seen]
		}
		return cmp.Or(cmp.Compare(a.run, b.run), cmp.Compare(a.rank, b.rank))
	})
	var want []string
	for _, r := range rows {
		want = append(want, fmt.Sprintf("%s | %v | %d | %s | %v", r.run, r.seen, r.rank, r.tag, r.score))
	}
	d.set("uri", quoted(uri))
	d.expect("SELECT run, seen, rank, tag, score FROM "+asked(t, "image"), want)
	d.expect("SELECT count(DISTINCT run) FROM "+asked(t, "image"), []string{fmt.Sprint(len(l.runs))})
}

// TestSearch checks that all images are ranked, and by the scores that the
// tags table has for those that are in it.
func TestSearch(t *testing.T) {
	l := labelled(t)
	d := openViews(t, l)
	d.set("tag", "(SELECT tag FROM tags GROUP BY tag ORDER BY count(*), tag LIMIT 1)")
	d.set("top", "1000000")
	d.exec("CREATE TEMP TABLE found AS SELECT *, row_number() OVER () AS place FROM " + asked(t, "search"))
	d.expect("SELECT run, count(DISTINCT manifest_row) FROM found GROUP BY run ORDER BY run", perRun(l, run.ok))
	d.expectNone("not by score", "FROM found AS a JOIN found AS b USING (run) WHERE a.place < b.place AND a.score < b.score")
	joined := `FROM (FROM tags WHERE tag = getvariable('tag')) AS t LEFT JOIN found AS f USING (run, manifest_row, uri)`
	d.expectNone("another score", "SELECT t.*, f.score "+joined+
		" WHERE f.score IS NULL OR NOT abs(t.score - f.score) <= 1e-4 * (SELECT max(abs(score)) FROM tags)")
	d.expect("SELECT count(*) > 0 "+joined, []string{"true"})
	d.set("top", "2")
	d.expect("SELECT run, count(*) FROM "+asked(t, "search")+" GROUP BY run ORDER BY run", perRun(l, func(run) int { return 2 }))
}
