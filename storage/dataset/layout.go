package dataset

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/oklog/ulid/v2"
)

// Tables of a dataset.
const (
	Images     = "images"
	Tags       = "tags"
	Embeddings = "embeddings"
	Vocab      = "vocab"
)

// Tables lists them in the order in which they are published.
var Tables = []string{Vocab, Embeddings, Tags, Images}

// ShardTables lists the tables that every shard has a part of.
var ShardTables = []string{Images, Tags, Embeddings}

const runsFolder = "_runs/"

var runID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// ValidateRunID refuses ids that could not be a partition value and a file
// name in every store.
func ValidateRunID(id string) error {
	if !runID.MatchString(id) {
		return fmt.Errorf("run id %q: want 1 to 100 letters, digits, '.', '_' or '-', the first a letter or digit", id)
	}
	return nil
}

func runKey(run, name string) string { return runsFolder + run + "/" + name }

// RunPrefix is the folder of a run's records and attempts.
func RunPrefix(run string) string { return runKey(run, "") }

// PlanKey names a run's plan.
func PlanKey(run string) string { return runKey(run, "plan.json") }

// VocabKey names the vocabulary that a run ranks, in Parquet.
func VocabKey(run string) string { return runKey(run, "vocab."+Parquet) }

// VocabSource names what the vocab table's part is published from: VocabKey, or
// the same vocabulary in the run's format.
func VocabSource(run, format string) string { return runKey(run, "vocab."+format) }

// CommitKey names the record of a run's commit.
func CommitKey(run string) string { return runKey(run, "commit.json") }

// ProbePrefix is where a run tries what the store can do.
func ProbePrefix(run string) string { return runKey(run, "probe/") }

// KeptKey names a file with the rows of a compressed manifest. Each process that
// plans the run writes one under an id of its own; the plan names the one that
// counts.
func KeptKey(run, id string) string { return KeptPrefix(run) + id + ".zst" }

// KeptPrefix is the folder of those files.
func KeptPrefix(run string) string { return runKey(run, "manifest/") }

// keptKey tells whether key is one of the run's.
func keptKey(run, key string) bool {
	id, ok := strings.CutPrefix(strings.TrimSuffix(key, ".zst"), KeptPrefix(run))
	return ok && id != "" && !strings.Contains(id, "/") && key == KeptKey(run, id)
}

// NewID returns an id that no other process takes: of an attempt, or of rows that
// are kept. It is a ULID from the system's randomness; those of ulid.Make follow from
// the moment at which the process began, which two may share.
func NewID() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() }

// AttemptsPrefix is the folder of all attempts of a run.
func AttemptsPrefix(run string) string { return runKey(run, "attempts/") }

// Formats of the tables' files, which are also the extensions of their names.
const (
	Parquet = "parquet"
	Arrow   = "arrow"
)

// AttemptKey names a table's file in one attempt at a shard.
func AttemptKey(run string, shard int, attempt, table, format string) string {
	return AttemptsPrefix(run) + AttemptName(shard, attempt) + "/" + table + "." + format
}

// AttemptName is the folder name of one attempt.
func AttemptName(shard int, attempt string) string { return fmt.Sprintf("%06d.%s", shard, attempt) }

// ReceiptsPrefix is the folder of a run's receipts.
func ReceiptsPrefix(run string) string { return runKey(run, "receipts/") }

// ReceiptKey names a shard's receipt.
func ReceiptKey(run string, shard int) string {
	return ReceiptsPrefix(run) + fmt.Sprintf("%06d.json", shard)
}

// ReceiptShard returns the shard whose receipt has this key.
func ReceiptShard(run, key string) (int, bool) {
	name := strings.TrimSuffix(strings.TrimPrefix(key, ReceiptsPrefix(run)), ".json")
	shard, err := strconv.Atoi(name)
	return shard, err == nil && shard >= 0 && key == ReceiptKey(run, shard)
}

// TablePrefix is the folder of a run's part files in one table.
func TablePrefix(table, run string) string { return table + "/run=" + run + "/" }

// PartKey names the part file of a shard.
func PartKey(table, run string, shard int, format string) string {
	return TablePrefix(table, run) + fmt.Sprintf("part-%06d.%s", shard, format)
}

// SuccessKey names the marker that a table of a run is whole.
func SuccessKey(table, run string) string { return TablePrefix(table, run) + "_SUCCESS" }

// RunMetadata is the key under which every part names its run.
const RunMetadata = "sdl.run_id"
