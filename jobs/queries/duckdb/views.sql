-- Opens a dataset as four views: images, tags, embeddings and vocab.
--
-- Run this first, then another file of this folder or a query of your own. In
-- the DuckDB shell:
--
--   SET VARIABLE dataset = 'out';   -- the dataset's folder, or its URI
--   SET VARIABLE run = 'first';     -- a run id; '*' opens every run
--   .read jobs/queries/duckdb/views.sql
--   .read jobs/queries/duckdb/counts.sql
--
-- The views follow the variables: set another run and ask again. Their column
-- "run" tells runs apart. A run shows once it is committed; before that, "No
-- files found". A dataset on S3 needs the extension httpfs and a secret first.
CREATE OR REPLACE VIEW images AS
FROM read_parquet(
    getvariable('dataset') || '/images/run=' || getvariable('run') || '/part-*.parquet',
    hive_types = {run: VARCHAR});

CREATE OR REPLACE VIEW tags AS
FROM read_parquet(
    getvariable('dataset') || '/tags/run=' || getvariable('run') || '/part-*.parquet',
    hive_types = {run: VARCHAR});

CREATE OR REPLACE VIEW embeddings AS
FROM read_parquet(
    getvariable('dataset') || '/embeddings/run=' || getvariable('run') || '/part-*.parquet',
    hive_types = {run: VARCHAR});

CREATE OR REPLACE VIEW vocab AS
FROM read_parquet(
    getvariable('dataset') || '/vocab/run=' || getvariable('run') || '/part-*.parquet',
    hive_types = {run: VARCHAR});
