package reread

import (
	"fmt"
	"hash/maphash"
	"math"
)

// shard is what is known of a part's rows while its files are read.
type shard struct {
	request Request
	answer  *Answer
	vocab   *vocabulary // nil: not given, or unreadable
	rows    []facts     // by manifest row, from request.FirstRow on
	hash    maphash.Seed
}

// facts are what the images table says about a manifest row, and what the other
// tables have not yet answered.
type facts struct {
	images     int32  // rows of the images table
	embeddings int32  // rows of the embeddings table
	ok         bool   // status
	uri        uint64 // hash
	spread     float32
	tags       int32  // ranked tags less rows of the tags table
	sum        uint64 // sum of their hashes, likewise
	seen       []scored
	unseen     []scored
}

// scored is one ranked tag.
type scored struct {
	id    int32
	score float32
}

// tagRow is one row of the tags table, or what it must be by the images table.
type tagRow struct {
	tag   string
	id    int32
	seen  bool
	score uint32 // bits
	rank  int32
	row   int64
	uri   string
}

func bits(f float32) uint32 { return math.Float32bits(f) }

// at returns a manifest row's facts; nil and a problem when the row is none of
// this part's.
func (s *shard) at(table string, row int64) *facts {
	if row < s.request.FirstRow || row >= s.request.FirstRow+s.request.Rows {
		s.answer.problem(table, "rows", row, "the part covers rows %d to %d", s.request.FirstRow, s.request.FirstRow+s.request.Rows-1)
		return nil
	}
	return &s.rows[row-s.request.FirstRow]
}

func (s *shard) uriHash(uri string) uint64 { return maphash.String(s.hash, uri) }

// check reads the part's files, one after the other.
func check(r Request) Answer {
	a := Answer{Codes: map[string]int64{}}
	s := &shard{request: r, answer: &a, rows: make([]facts, r.Rows), hash: maphash.MakeSeed()}
	if r.Vocab != "" {
		s.read(vocabTable, r.Vocab, vocabLeaves, s.readVocab)
	}
	images := s.read(imagesTable, r.Images, imageLeaves(r.Carried), s.readImages)
	tags := s.read(tagsTable, r.Tags, tagLeaves, s.readTags)
	embeddings := s.read(embeddingsTable, r.Embeddings, embeddingLeaves, s.readEmbeddings)
	// What an unreadable table does not say is no second problem.
	if images {
		s.countImages()
	}
	if images && tags {
		s.compareTags()
	}
	if images && embeddings {
		s.countEmbeddings()
	}
	return a
}

// read opens a file and hands it to each. It returns whether the file could be
// read to its end; if not, that is a problem.
func (s *shard) read(table, path string, want []leaf, each func(table) error) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			s.answer.problem(table, "readable", noRow, "the reader gave up: %v", p)
			ok = false
		}
	}()
	if err := readFile(path, want, each); err != nil {
		s.answer.problem(table, "readable", noRow, "%v", err)
		return false
	}
	return true
}

// countImages checks that every manifest row came once.
func (s *shard) countImages() {
	for i := range s.rows {
		if n := s.rows[i].images; n != 1 {
			s.answer.problem(imagesTable, "rows", s.request.FirstRow+int64(i), "the row is there %s", times(n))
		}
	}
}

func (s *shard) countEmbeddings() {
	for i := range s.rows {
		f := &s.rows[i]
		if want := f.want(); f.images == 1 && f.embeddings != want {
			s.answer.problem(embeddingsTable, "rows", s.request.FirstRow+int64(i), "the matrix is there %s, want %s", times(f.embeddings), times(want))
		}
	}
}

// want is how many matrices the row has to have.
func (f *facts) want() int32 {
	if f.ok {
		return 1
	}
	return 0
}

func times(n int32) string {
	switch n {
	case 0:
		return "not at all"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
