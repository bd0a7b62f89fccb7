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
// ranked per group, R the rows of a shard, W decoding workers, F fetching ones and
// T the text of a row (name and carried values), the bytes held at once are at most
//
//	fetch budget + one object of MaxBytes          bodies read and not yet decoded
//	+ max(decode.Limits.MaxMemory, W · 64 MiB)     images that need more than 32 MiB
//	+ W · 81 MiB                                   smaller images, kept buffers
//	+ 6 · B · (S·S·3 + K·D·4)                      pixels and embeddings (6 slabs each)
//	+ 12 · (4 MiB + B · (512 + 16·k) + 512 KiB)    texts, ranks and rejects of batches
//	+ (256 + 9·F + 64) · (200 + T)                 rows on their way to be decoded
//	+ 2 · R · (2·k · 24 · 9/4 + T)                 ranked tags and names of the two open shards
//	+ 2 · 4 · (embeddings + images + tags)         row groups, in buffers that grow, and encoded:
//	                                               2048·(K·D·4 + T), R·(512 + 96·k + T) and
//	                                               65,536·(96 + T), each at most 128 MiB and a row
//
// beside the inference session's own arena and what the process held before:
// weights, vocabulary. label's wiring computes the sum, with 256 bytes for T, and
// tells it as an event, upon which the program bounds the runtime's heap: garbage
// is collected before it could double what is in use. T is at most 64 KiB of name
// and, of csv and jsonl, 1 MiB in all; a batch is closed by 4 MiB of text, so that
// only the last three lines grow with long rows.
//
// Where nobody says how large a batch is, jobs/engine keeps B·K·D·4 under 64 MiB:
// an encoder's rows may be hundreds.
package pipeline
