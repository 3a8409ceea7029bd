-- name: begin
-- Take a key that is new, too old to be repeated, or left behind by an attempt at the same request that died.
INSERT INTO idempotency_keys AS kept (caller, key, fingerprint, attempt) VALUES ($1, $2, $3, $4)
ON CONFLICT (caller, key) DO UPDATE SET fingerprint = excluded.fingerprint, attempt = excluded.attempt,
    started_at = now(), status = NULL, media_type = NULL, location = NULL, body = NULL
WHERE kept.started_at < now() - $5::interval
    OR (kept.status IS NULL AND kept.fingerprint = excluded.fingerprint AND kept.started_at < now() - $6::interval)
RETURNING attempt

-- name: find
SELECT fingerprint, status, media_type, location, body FROM idempotency_keys WHERE caller = $1 AND key = $2

-- name: finish
UPDATE idempotency_keys SET status = $4, media_type = $5, location = $6, body = $7
WHERE caller = $1 AND key = $2 AND attempt = $3

-- name: release
DELETE FROM idempotency_keys WHERE caller = $1 AND key = $2 AND attempt = $3 AND status IS NULL

-- name: drop_old
-- A few at a time; several processes do this beside each other.
DELETE FROM idempotency_keys WHERE (caller, key) IN (
    SELECT caller, key FROM idempotency_keys WHERE started_at < now() - $1::interval
    ORDER BY started_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
