package manifest

// textRecords reads one URI a line. Blank lines are no rows.
type textRecords struct{ *lines }

func (t *textRecords) record() record {
	rec := record{uri: string(t.text)}
	if rec.invalid = check(rec.uri); t.long {
		rec.invalid = t.tooLong()
	}
	return rec
}

func (t *textRecords) header() []string { return nil }
