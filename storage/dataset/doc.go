// Package dataset knows how runs lie in an output folder: the names of every
// file, the records that prove what was done, and the order in which they may
// appear.
//
//	_runs/R/plan.json                     what the run is, written once
//	_runs/R/vocab.parquet                 the vocabulary that it ranks
//	_runs/R/manifest/<ulid>.zst           the rows of a compressed manifest, a frame a shard
//	_runs/R/attempts/000012.<ulid>/…      files of one attempt at a shard
//	_runs/R/receipts/000012.json          proof that a shard is done; first wins
//	images/run=R/part-000012.parquet      appears at commit; or .arrow
//	tags/run=R/…  embeddings/run=R/…  vocab/run=R/part-000000.parquet
//	_runs/R/commit.json                   the moment of commit, written once; or of giving the run up
//	{images,tags,embeddings,vocab}/run=R/_SUCCESS
//
// Records are JSON, written create-once and decided by reading back, so that
// any number of processes may race.
package dataset
