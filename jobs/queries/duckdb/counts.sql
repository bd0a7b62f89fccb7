-- How did each run go? One row a run: its images, and what became of them.
--
-- Needs views.sql.
SELECT
    run,
    count(*) AS manifest_rows,
    count(*) FILTER (status = 'ok') AS ok,
    count(*) FILTER (status = 'rejected') AS rejected,
    round(100 * rejected / manifest_rows, 2) AS rejected_percent,
    sum(bytes) AS bytes_read,
    avg(row_spread) AS mean_row_spread,
    min(processed_at) AS first_processed,
    max(processed_at) AS last_processed,
    (SELECT count(*) FROM tags WHERE tags.run = images.run) AS tag_rows,
    (SELECT count(*) FROM embeddings WHERE embeddings.run = images.run) AS embedding_rows,
    (SELECT count(*) FROM vocab WHERE vocab.run = images.run) AS vocab_rows
FROM images
GROUP BY run
ORDER BY run;
