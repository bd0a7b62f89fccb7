// Reads Arrow files as another program and prints what it finds as one JSON
// value: read.js polars|arrow FILE... NODE_PATH names where the readers are.
"use strict";
const fs = require("node:fs");

// plain turns 64-bit integers into text; JSON itself does so with times.
function plain(key, value) {
  if (typeof value === "bigint") return String(value);
  return value;
}

// polars reads with Polars, which is written in Rust.
function polars(data) {
  const frame = require("nodejs-polars").readIPC(data);
  const columns = Object.entries(frame.schema).map(([name, type]) => ({ name, type: String(type) }));
  const rows = frame.toRecords();
  for (const { name, type } of columns) {
    if (type === "DataType(Int64)") rows.forEach((row) => (row[name] = row[name] === null ? null : String(row[name])));
  }
  return { columns, rows };
}

// arrow reads with Apache Arrow's own reader in JavaScript, which is told how to
// decompress.
function arrow(data) {
  const arrow = require("apache-arrow");
  const { decompress } = require("fzstd");
  arrow.compressionRegistry.set(arrow.CompressionType.ZSTD, { decode: (bytes) => decompress(bytes) });
  const table = arrow.tableFromIPC(data);
  const columns = table.schema.fields.map((f) => ({ name: f.name, type: String(f.type), nullable: f.nullable }));
  const times = table.schema.fields.filter((f) => arrow.DataType.isTimestamp(f.type)).map((f) => f.name);
  const rows = table.toArray().map((r) => {
    const row = r.toJSON();
    for (const name of times) row[name] = new Date(Number(row[name]));
    return row;
  });
  return { columns, rows, batches: table.batches.length, metadata: Object.fromEntries(table.schema.metadata) };
}

const [reader, ...files] = process.argv.slice(2);
const read = { polars, arrow }[reader];
console.log(JSON.stringify(files.map((file) => read(fs.readFileSync(file))), plain));
