// Package storage reads and writes objects in folders of local disks, memory
// and object stores behind one set of contracts.
//
// # Names
//
// A folder is opened by one of
//
//	images/2024, /data/images       a plain path, taken byte for byte
//	file:///data/my%20images        a local path, percent-decoded
//	mem://name/prefix               memory shared by the whole process
//	s3://bucket/prefix?region=…     S3 and compatible stores
//
// A key names an object below its folder and is always raw: nothing in it is
// decoded, whatever the store. The options of an s3 folder are those of
// gocloud.dev/blob/s3blob (endpoint, region, profile, use_path_style, …). They
// start at the last question mark that only name=value pairs follow, so that
// keys may hold question marks. The credentials, region and endpoint that the
// AWS environment and configuration files name hold here too; with an endpoint
// of its own a store is addressed by path style in region us-east-1 and gets
// request checksums only where S3 demands them, unless the options say otherwise.
//
// Image URIs in a manifest (see [Objects]) have no options: everything after
// s3://bucket/ is the key, byte for byte, so s3://lake/a b+c%20d?.jpg names
// the object "a b+c%20d?.jpg".
//
// # Promises
//
// No object is visible before its Writer's Close, and none is visible in part.
// What Close, CreateOnce and Publish return nil for is durable: local files
// and the folders that hold them are fsynced. Failures that may pass are
// repeated with a bounded back-off (see [Policy]) and then reported as
// [ErrTransient]. Errors carry an operation, a redacted URI and one of the
// sentinels of this package; errors of a caller's context stay what they are.
package storage
