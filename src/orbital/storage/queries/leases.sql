-- name: acquire
-- Take a lease that is free or has run out. The epoch grows with every holder, so that writes can be fenced.
INSERT INTO leases (name, epoch, holder, expires_at) VALUES ($1, 1, $2, now() + $3::interval)
ON CONFLICT (name) DO UPDATE SET epoch = leases.epoch + 1, holder = excluded.holder, since = now(),
    expires_at = excluded.expires_at
WHERE leases.expires_at < now()
RETURNING epoch

-- name: seize
-- Take a lease from whoever holds it, once his running transaction has ended; his next one fails.
INSERT INTO leases (name, epoch, holder, expires_at) VALUES ($1, 1, $2, now() + $3::interval)
ON CONFLICT (name) DO UPDATE SET epoch = leases.epoch + 1, holder = excluded.holder, since = now(),
    expires_at = excluded.expires_at
RETURNING epoch

-- name: renew
UPDATE leases SET expires_at = now() + $3::interval WHERE name = $1 AND epoch = $2 RETURNING epoch

-- name: release
UPDATE leases SET expires_at = '-infinity' WHERE name = $1 AND epoch = $2

-- name: hold
-- In the transaction of a leader's write: nobody can take the lease over until it commits.
SELECT epoch FROM leases WHERE name = $1 AND epoch = $2 FOR SHARE
