-- Which images show several things at once? Those with all the tags among their
-- ranked ones; the higher the weakest of the scores, the better.
--
-- Needs views.sql and
--   SET VARIABLE tags = ['beach', 'dog'];
--   SET VARIABLE top = 20;          -- images a run; 10 when not set
WITH matching AS (
    SELECT run, manifest_row, uri, min(score) AS weakest, map_from_entries(list((tag, score))) AS scores
    FROM tags
    WHERE tag IN (SELECT unnest(getvariable('tags')))
    GROUP BY run, manifest_row, uri
    HAVING count(*) = len(list_distinct(getvariable('tags')))
)
SELECT run, weakest, scores, uri, manifest_row
FROM matching
QUALIFY row_number() OVER (PARTITION BY run ORDER BY weakest DESC, manifest_row) <= coalesce(getvariable('top'), 10)
ORDER BY run, weakest DESC, manifest_row;
