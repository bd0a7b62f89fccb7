// Package pipeline holds the words that stages share and the runner that
// connects them.
//
// # Flow
//
//	manifest ─Row→ fetch ─Object→ decode ─*Batch→ infer ─*Batch→ rank ─*Batch→ write
//
// A Row is one line of the manifest. Fetch turns it into an Object: the bytes,
// or a Reject. Decode gathers the objects of one shard into a Batch of pixels,
// with the rejects beside it. Infer adds the embedding matrices and gives the
// pixels back, rank adds the ranked tags, write turns batches into the files of
// a shard and, once a shard's rows are all there, into its receipt.
//
// Batches never span shards: a shard's last batch may be short. Two shards are
// open at a time (Gate), so that sorting, uploading and recording one shard
// happens behind the work on the next.
//
// # Rules
//
// Only a Flow makes and closes channels, and it closes a stage's output only
// when the stage returned nil; a closed channel therefore means a complete
// stream. Stages use Recv and Send, which give up when the context ends and
// return its cause, and never range over a channel. Sending a value hands it
// over. Bad input is data (Reject); an error means that the job cannot go on.
//
// # Memory
//
// With B images a batch, S the input size, K·D the embedding matrix, k the tags
// ranked per group, R the rows of a shard, W decoding workers, the bytes held
// at once are at most
//
//	fetch budget + one object of MaxBytes       bodies read and not yet decoded
//	+ W · decode.Limits.MaxMemory               one image being decoded per worker
//	+ slabs · B · S·S·3                         pixels (6 slabs)
//	+ 6 · B · K·D · 4                           embeddings waiting to be written
//	+ 2 · R · 2·k · 24                          ranked tags of the two open shards
//	+ 2 · row-group buffers of the writers      of embeddings min(2048·K·D·4, 128 MiB), and while encoded once more
//
// plus the inference session's own arena. Where nobody says how large a batch is,
// jobs/engine keeps B·K·D·4 under 64 MiB: an encoder's rows may be hundreds.
package pipeline
