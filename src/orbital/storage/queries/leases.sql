-- name: acquire
-- Take a lease that is free or has run out, unless its holder is in the middle of a write: nobody waits here, and so
-- nobody is held up by it. The epoch grows with every holder, so that writes can be fenced.
WITH free AS (
    SELECT name FROM leases WHERE name = $1 AND expires_at < now() FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE leases SET epoch = leases.epoch + 1, holder = $2, since = now(), expires_at = now() + $3::interval
    FROM free WHERE leases.name = free.name
    RETURNING leases.epoch
), made AS (
    INSERT INTO leases (name, epoch, holder, expires_at) VALUES ($1, 1, $2, now() + $3::interval)
    ON CONFLICT DO NOTHING
    RETURNING epoch
)
SELECT epoch FROM taken UNION ALL SELECT epoch FROM made

-- name: cut_silent
-- While a lease has run out, yet can't be taken: end the sessions that hold one and were not heard of for $2. Their
-- process was stopped in the middle of a write. No timeout of the server's would end one that stands within a COPY.
SELECT pg_terminate_backend(session.pid)
FROM pg_stat_activity session
WHERE EXISTS (SELECT 1 FROM leases WHERE name = $1 AND expires_at < now())
  AND session.datname = current_database() AND session.usename = current_user
  AND session.wait_event = 'ClientRead' AND session.state_change < now() - $2::interval
  AND session.pid IN (SELECT pid FROM pg_locks WHERE relation = 'leases'::regclass AND mode = 'RowShareLock')

-- name: find_holder
SELECT holder FROM leases WHERE name = $1 AND epoch > 0

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

-- name: make
-- The row of a lease that nobody ever had, so that there is something to lock.
INSERT INTO leases (name, epoch, holder, expires_at) VALUES ($1, 0, '', '-infinity') ON CONFLICT DO NOTHING

-- name: shut
-- Nobody takes the lease or writes by it until this transaction ends. A lock by which `cut_silent` finds the session.
SELECT 1 FROM leases WHERE name = $1 FOR UPDATE
