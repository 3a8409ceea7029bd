-- name: put_challenge
INSERT INTO login_challenges (nonce, address, chain_id, message, expires_at) VALUES ($1, $2, $3, $4, $5)

-- name: find_challenge
SELECT nonce, address, chain_id, message, expires_at FROM login_challenges
WHERE nonce = $1 AND used_at IS NULL AND expires_at > now()

-- name: use_challenge
-- Exactly one of any number of callers gets the row back.
UPDATE login_challenges SET used_at = now() WHERE nonce = $1 AND used_at IS NULL AND expires_at > now()
RETURNING nonce

-- name: open_session
INSERT INTO sessions (session_id, address, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))

-- name: put_refresh
INSERT INTO refresh_tokens (token_hash, session_id) VALUES ($1, $2)

-- name: lock_refresh
-- Both rows are held, so that of many callers with one token each sees what the one before it did.
SELECT s.session_id, s.address, t.used_at IS NOT NULL AS is_used,
       s.ended_at IS NOT NULL OR s.expires_at <= now() AS is_over
FROM refresh_tokens t JOIN sessions s ON s.session_id = t.session_id
WHERE t.token_hash = $1
FOR UPDATE

-- name: use_refresh
UPDATE refresh_tokens SET used_at = now() WHERE token_hash = $1

-- name: extend_session
UPDATE sessions SET expires_at = now() + make_interval(secs => $2) WHERE session_id = $1

-- name: end_session
UPDATE sessions SET ended_at = now(), end_reason = $2 WHERE session_id = $1 AND ended_at IS NULL

-- name: is_live
SELECT EXISTS (SELECT 1 FROM sessions WHERE session_id = $1 AND address = $2 AND ended_at IS NULL)

-- name: list_live
SELECT s.session_id FROM unnest($1::uuid[], $2::bytea[]) wanted (session_id, address)
JOIN sessions s ON s.session_id = wanted.session_id AND s.address = wanted.address
WHERE s.ended_at IS NULL

-- name: sweep_challenges
-- A few at a time, by whoever comes along: what is gone was of no more use.
DELETE FROM login_challenges WHERE nonce IN (
    SELECT nonce FROM login_challenges WHERE expires_at < now() - interval '1 hour'
    ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
)

-- name: sweep_sessions
DELETE FROM sessions WHERE session_id IN (
    SELECT session_id FROM sessions WHERE expires_at < now() - interval '1 day'
    ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
)

-- name: sweep_refresh
-- A used token of this age would have ended anyhow.
DELETE FROM refresh_tokens WHERE token_hash IN (
    SELECT token_hash FROM refresh_tokens WHERE used_at < now() - make_interval(secs => $2)
    ORDER BY used_at LIMIT $1 FOR UPDATE SKIP LOCKED
)
