-- Why were images rejected? One row a reason, the most frequent first, with the
-- first image it befell. Where retryable is true, the same image may well be
-- labelled another time.
--
-- Needs views.sql.
SELECT
    run,
    stage,
    code,
    retryable,
    count(*) AS rejected,
    round(100 * count(*) / sum(count(*)) OVER (PARTITION BY run), 1) AS percent_of_rejects,
    arg_min(uri, manifest_row) AS example_uri,
    arg_min(message, manifest_row) AS example_message
FROM images
WHERE status = 'rejected'
GROUP BY run, stage, code, retryable
ORDER BY run, rejected DESC, stage, code;
