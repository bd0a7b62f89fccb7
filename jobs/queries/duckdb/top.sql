-- The best tags of every image, in its seen and its unseen group, computed anew
-- from the embeddings: what the tags table holds, to any depth. A matrix is
-- stored row after row (rows x dim values), the score of a tag is the largest
-- dot product of its vector with a row, and equal scores rank by tag_id.
--
-- Needs views.sql. The work is images x tags x rows x dim: on a large run, put a
-- WHERE on the embeddings.
--   SET VARIABLE top = 25;          -- tags a group; 10 when not set
WITH matrix_rows AS (
    SELECT run, manifest_row, uri, embedding[k * dim + 1 : (k + 1) * dim] AS matrix_row
    FROM embeddings, unnest(range(rows)) AS numbers(k)
),
scores AS (
    SELECT run, manifest_row, uri, seen, tag, tag_id, max(list_dot_product(matrix_row, vector)) AS score
    FROM matrix_rows JOIN vocab USING (run)
    GROUP BY ALL
)
SELECT
    *,
    row_number() OVER (PARTITION BY run, manifest_row, seen ORDER BY score DESC, tag_id) AS rank
FROM scores
QUALIFY rank <= coalesce(getvariable('top'), 10)
ORDER BY run, manifest_row, seen DESC, rank;
