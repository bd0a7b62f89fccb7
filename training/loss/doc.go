// Package loss is the loss of semantic diversity learning (Ben-Cohen et al.,
// ICCV 2021), as targets made on the host and as a part of an ONNX graph.
//
// For an image with the embedding matrix A [K,D], positive seen tags P and
// negative ones N, and with v the tags' vectors:
//
//	s_c  = max_k A[k]·v_c
//	rank = (1/|P|) Σ_{p∈P} Σ_{n∈N} softplus(s_n − s_p)   N empty: (1/|P|) Σ_p softplus(−s_p)
//	div  = 1 + Σ_d Var({v_p[d] : p∈P})                    unbiased; 1 when |P| = 1
//	reg  = Σ_d Var_k(A[k][d])                             unbiased; 0 when K = 1
//	L    = 2·[(1−w)·div·rank + w·reg]                     without a regulariser div·rank
//
// The loss of a batch is the mean over its images. div depends on the labels
// alone and is computed on the host. Among equal scores the first row takes the
// gradient.
package loss
