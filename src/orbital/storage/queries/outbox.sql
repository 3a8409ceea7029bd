-- name: put
-- A few announcements in their order; data comes as text.
INSERT INTO outbox (topic, event, data)
SELECT topic, event, data::json
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS new (topic, event, data, place)
ORDER BY place

-- name: take
-- The oldest announcements, for a publisher that deletes them in the same transaction.
DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING seq, topic, event, data, created_at

-- name: is_empty
SELECT NOT EXISTS (SELECT 1 FROM outbox)
