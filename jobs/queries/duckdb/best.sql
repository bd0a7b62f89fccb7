-- Which images are best for a tag? Among those that have it as one of their
-- ranked tags; search.sql ranks all of them.
--
-- Needs views.sql and
--   SET VARIABLE tag = 'sunset';
--   SET VARIABLE top = 20;          -- images a run; 10 when not set
--
-- Parts are sorted by tag, so this reads few row groups of each.
SELECT run, score, rank, seen, uri, manifest_row
FROM tags
WHERE tag = getvariable('tag')
QUALIFY row_number() OVER (PARTITION BY run ORDER BY score DESC, manifest_row) <= coalesce(getvariable('top'), 10)
ORDER BY run, score DESC, manifest_row;
