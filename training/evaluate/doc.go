// Package evaluate measures how well scores rank the tags of labelled images.
//
// Three tasks rank different tags: ZSL the unseen ones, GZSL all, Seen those of
// training (for validation, which must not look at unseen labels). Two protocols
// take different images: Drop, the reference's, leaves images without any
// positive among the task's tags out; Keep, that of LESA and BiAM, does not.
// Published numbers mix them, so both are always given. All measures are percent.
//
//	AP    of a tag: (1/n⁺) Σ over its positives of (positives so far / rank so far),
//	      images ranked by falling score, equal scores by the order of the images
//	mAP   mean of AP over the task's tags; a tag without positives counts 0, or is
//	      left out (map_present)
//	P@K   TP / Σ over images of min(K, C), each image's K best tags taken, equal
//	      scores by tag id
//	R@K   TP / Σ over images of its positives
//	F1@K  2PR/(P+R), 0 where either is 0
//
// Where an image's labels are partial, unknown tags are neither right nor wrong:
// AP ranks only the images whose label of the tag is known, and the K best tags
// of an image are the best of those whose label is known, C their number.
package evaluate
