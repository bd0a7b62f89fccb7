package columnar_test

import "github.com/apache/arrow-go/v18/parquet/metadata"

func hash(f metadata.BloomFilter, value string) uint64 { return f.Hasher().Sum64([]byte(value)) }
