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
//	gs://bucket/prefix              Google Cloud Storage
//	azblob://container/prefix       Azure Blob Storage; az:// is the same
//	abfss://container@account.dfs.core.windows.net/prefix
//
// A key names an object below its folder and is always raw: nothing in it is
// decoded, whatever the store. Options start at the last question mark that only
// name=value pairs follow, so that keys may hold question marks.
//
// s3 takes those of gocloud.dev/blob/s3blob (endpoint, region, profile,
// use_path_style, anonymous, …). The credentials, region and endpoint that the
// AWS environment and configuration files name hold here too; with an endpoint
// of its own a store is addressed by path style in region us-east-1 and gets
// request checksums only where S3 demands them, unless the options say otherwise.
//
// gs takes endpoint=http://host:port and anonymous=true. Its credentials are the
// application default ones; STORAGE_EMULATOR_HOST names a server that takes
// anybody. A version is an object's generation.
//
// azblob takes storage_account, domain, protocol, endpoint (the address of the
// service, with the account where an emulator has it in the path) and
// anonymous=true. The first of these that is set signs: AZURE_STORAGE_KEY with
// AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_SAS_TOKEN, AZURE_STORAGE_CONNECTION_STRING
// (unless an option names another place), Azure's default chain. An abfss address
// is the azblob one with its account among the options. Names that the service would
// change, with a backslash or a dot at the end of a part, are ErrInvalid.
//
// Tokens go over https, or to this machine.
//
// Web addresses, http and https, are for images alone, and only where
// [ObjectsOptions] allow them: no folder, and so no table or model, lies on the
// web. Addresses that are not public are never read.
//
// Image URIs in a manifest (see [Objects]) have no options: everything after
// s3://bucket/ is the key, byte for byte, so s3://lake/a b+c%20d?.jpg names
// the object "a b+c%20d?.jpg". An abfss URI may name the account that requests
// are signed for and no other.
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
