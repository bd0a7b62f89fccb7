-- What is on an image? Its ranked tags, seen before unseen.
--
-- Needs views.sql and
--   SET VARIABLE uri = 'photos/0001.jpg';   -- as the manifest has it
--
-- A bloom filter in each part tells whether it holds the image at all.
SELECT run, seen, rank, tag, tag_id, score
FROM tags
WHERE uri = getvariable('uri')
ORDER BY run, seen DESC, rank;
