-- name: put_challenge
INSERT INTO login_challenges (nonce, address, chain_id, message, expires_at) VALUES ($1, $2, $3, $4, $5)

-- name: drop_expired
DELETE FROM login_challenges WHERE expires_at < now() - interval '1 day'

-- name: find_challenge
SELECT nonce, address, chain_id, message, expires_at FROM login_challenges
WHERE nonce = $1 AND used_at IS NULL AND expires_at > now()

-- name: use_challenge
-- Exactly one of any number of callers gets the row back.
UPDATE login_challenges SET used_at = now() WHERE nonce = $1 AND used_at IS NULL AND expires_at > now()
RETURNING nonce

-- name: put_refresh
INSERT INTO refresh_tokens (token_hash, family, address, expires_at) VALUES ($1, $2, $3, $4)
