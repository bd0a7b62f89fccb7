package reread

import "regexp"

// rest are the columns of some images that say what the image is and what
// labelled it.
type rest struct {
	sha256, format, message []string
	bytes                   []int64
	width, height, attempts []int32
	retryable               []bool
	model, vocab            []string
	processed               []int64 // microseconds
}

// readRest reads them, and the columns that no check needs: they must be
// readable.
func readRest(t table, carried []string, n int) (r rest, err error) {
	var errs [11]error
	r.sha256, errs[0] = flat[string](t, "sha256", n)
	r.format, errs[1] = flat[string](t, "format", n)
	r.message, errs[2] = flat[string](t, "message", n)
	r.bytes, errs[3] = flat[int64](t, "bytes", n)
	r.width, errs[4] = flat[int32](t, "width", n)
	r.height, errs[5] = flat[int32](t, "height", n)
	r.attempts, errs[6] = flat[int32](t, "attempts", n)
	r.retryable, errs[7] = flat[bool](t, "retryable", n)
	r.model, errs[8] = flat[string](t, "model_id", n)
	r.vocab, errs[9] = flat[string](t, "vocab_id", n)
	r.processed, errs[10] = flat[int64](t, "processed_at", n)
	for _, name := range append([]string{"version"}, carried...) {
		if _, err := flat[string](t, name, n); err != nil {
			return r, err
		}
	}
	return r, first(errs[:]...)
}

var sha256Text = regexp.MustCompile(`^[0-9a-f]{64}$`)

// described checks what an images row says of its object, and by what it was
// labelled.
func (s *shard) described(m *images, i int) {
	r, row, ok := &m.rest, m.row[i], m.status[i] == "ok"
	if !sha256Text.MatchString(r.sha256[i]) && (ok || r.sha256[i] != "") {
		s.answer.problem(imagesTable, "object", row, "sha256 is %q", r.sha256[i])
	}
	if least := min(r.bytes[i], int64(r.width[i]), int64(r.height[i]), int64(r.attempts[i])); least < 0 || ok && (least < 1 || r.format[i] == "") {
		s.answer.problem(imagesTable, "object", row, "%s of %d bytes, %d x %d pixels, read at attempt %d", r.format[i], r.bytes[i], r.width[i], r.height[i], r.attempts[i])
	}
	if r.processed[i] <= 0 {
		s.answer.problem(imagesTable, "object", row, "was processed at %d microseconds", r.processed[i])
	}
	if want := s.request; want.ModelID != "" && want.ModelID != r.model[i] || want.VocabID != "" && want.VocabID != r.vocab[i] {
		s.answer.problem(imagesTable, "identity", row, "names model %q and vocabulary %q", r.model[i], r.vocab[i])
	}
}

// maxCodes bounds the kinds of rejects that an answer counts; maxCode the bytes
// of a kind's name.
const maxCodes, maxCode = 200, 200

// count counts a reject.
func (s *shard) count(code string) {
	if len(code) > maxCode {
		code = code[:maxCode]
	}
	codes := s.answer.Codes
	if _, known := codes[code]; known || len(codes) < maxCodes {
		codes[code]++
	}
}
