-- Which images fit a tag best, among all of them? Scored anew from the
-- embeddings, so an image is found whether or not the tag is one of its ranked
-- ones. The score of a tag is the largest dot product of its vector with a row
-- of the image's matrix.
--
-- Needs views.sql and
--   SET VARIABLE tag = 'sunset';
--   SET VARIABLE top = 20;          -- images a run; 10 when not set
WITH matrix_rows AS (
    SELECT run, manifest_row, uri, embedding[k * dim + 1 : (k + 1) * dim] AS matrix_row
    FROM embeddings, unnest(range(rows)) AS numbers(k)
),
scores AS (
    SELECT run, manifest_row, uri, max(list_dot_product(matrix_row, vector)) AS score
    FROM matrix_rows JOIN vocab USING (run)
    WHERE tag = getvariable('tag')
    GROUP BY run, manifest_row, uri
)
SELECT run, score, uri, manifest_row
FROM scores
QUALIFY row_number() OVER (PARTITION BY run ORDER BY score DESC, manifest_row) <= coalesce(getvariable('top'), 10)
ORDER BY run, score DESC, manifest_row;
