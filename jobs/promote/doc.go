// Package promote is the job that makes a model the current one, if it is good
// enough: it measures the candidate and the current model on the same labels,
// checks what is required, copies the candidate into the pointer's folder and
// moves the pointer (model.Pointer) there.
//
// The pointer is moved by one write of one object, so that a reader sees the one
// model or the other. Two promotions at once are told apart by reading the
// pointer just before the write and just after it. Not all stores can compare and
// swap, so between the first look and the write, some milliseconds, there is a
// window: a pointer that somebody else moves within it is overwritten, although
// the candidate was never compared with the model it named.
package promote
