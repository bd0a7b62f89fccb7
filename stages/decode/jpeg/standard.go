package jpeg

import "encoding/hex"

// standardTables are the typical Huffman tables of the standard's annex K.3, as a
// DHT segment holds them.
var standardTables = func() []byte {
	tables, err := hex.DecodeString("" +
		"0000010501010101010100000000000000000102030405060708090a0b100002010303020403050504040000017d0102" +
		"0300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a" +
		"3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92" +
		"939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4" +
		"e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa0100030101010101010101010000000000000102030405060708090a0b110002" +
		"0102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352f01562" +
		"72d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a" +
		"737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5" +
		"c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa")
	if err != nil {
		panic("jpeg: " + err.Error())
	}
	return tables
}()

// defineStandard defines the tables that no segment has. Frames of Motion JPEG
// leave them out, and libjpeg reads such images, too.
func (d *Decoder) defineStandard() error {
	for rest := standardTables; len(rest) > 0; {
		table, total := &d.tables[rest[0]>>4][rest[0]&15], 0
		for _, n := range rest[1:17] {
			total += int(n)
		}
		if !table.defined {
			if err := table.define(rest[1:17], rest[17:17+total]); err != nil {
				return err
			}
		}
		rest = rest[17+total:]
	}
	return nil
}
