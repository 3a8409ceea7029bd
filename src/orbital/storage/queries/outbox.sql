-- name: put
-- A few announcements in their order; data comes as text.
INSERT INTO outbox (topic, event, data)
SELECT topic, event, data::json
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS new (topic, event, data, place)
ORDER BY place

-- name: put_facts
-- Facts of the ledger, each with how its intent stands, and their number.
INSERT INTO outbox (data, size) VALUES ($1, $2)

-- name: take
-- The oldest rows that have $1 announcements, for a publisher that deletes them in the same transaction.
WITH counted AS (
    SELECT seq, sum(size) OVER (ORDER BY seq) - size AS before
    FROM (SELECT seq, size FROM outbox ORDER BY seq LIMIT $1) AS oldest
), wanted AS (
    SELECT seq FROM outbox WHERE seq IN (SELECT seq FROM counted WHERE before < $1) FOR UPDATE SKIP LOCKED
)
DELETE FROM outbox WHERE seq IN (SELECT seq FROM wanted) RETURNING seq, topic, event, data

-- name: list_facts
SELECT seq, name, intent_id, actor, timestamp FROM facts WHERE seq = ANY ($1::bigint[])

-- name: is_empty
SELECT NOT EXISTS (SELECT 1 FROM outbox)
