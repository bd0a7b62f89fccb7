// Package gc removes what runs leave behind and nobody will use: attempts at shards
// that another attempt finished, the attempts of runs that are committed or were
// abandoned, rows kept for a plan that was never written, and writes that were begun
// and not ended.
//
// It may be killed at any point, repeated, and run beside planners, workers, commits
// and itself. What it relies on is written once and never changes: a receipt names
// the one attempt of its shard that counts; a commit says that every part is
// published; an abandonment, which takes the commit's place, that no commit will be.
// A run that has neither is live: of its shards without a receipt nothing is ever
// removed, however old it is. Plans, receipts, commits and vocabularies stay, so that
// an id is never used twice.
package gc
