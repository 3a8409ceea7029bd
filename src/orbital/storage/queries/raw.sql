-- name: put
INSERT INTO raw_ranges (chain_id, first, last, blob) VALUES ($1, $2, $3, $4)

-- name: find_from
-- The range in which a block is, or the next one after it.
SELECT first, last, blob FROM raw_ranges WHERE chain_id = $1 AND last >= $2 ORDER BY first LIMIT 1

-- name: drop_above
-- Ranges that a rollback takes whole ...
DELETE FROM raw_ranges WHERE chain_id = $1 AND first > $2

-- name: shorten
-- ... and the one of which it takes the end.
UPDATE raw_ranges SET last = $2 WHERE chain_id = $1 AND last > $2
