-- name: hold
-- Whoever folds these solvers ends first, or waits: what is folded next is all that was told of them. One that has no
-- row gets it here, in its place: who made it later, while he holds others, could wait for ever. Nothing is updated.
INSERT INTO solvers (address) SELECT unnest($1::bytea[]) ORDER BY 1
ON CONFLICT (address) DO UPDATE SET address = excluded.address WHERE false

-- name: forget
-- Solvers of whom no canonical registry event speaks any more are not known by the chain, and score nothing unless they
-- have a profile. Scores are held in order of their addresses, here as wherever several are written.
WITH gone AS (
    DELETE FROM solvers s
    WHERE s.address = ANY ($1::bytea[])
      AND NOT EXISTS (
          SELECT 1 FROM canonical_facts f
          WHERE f.actor = s.address AND f.name IN ('SolverRegistered', 'BondChanged')
      )
    RETURNING s.address
), held AS (
    SELECT x.address FROM solver_scores x
    WHERE x.address IN (SELECT address FROM gone)
      AND NOT EXISTS (SELECT 1 FROM solver_profiles p WHERE p.address = x.address)
    ORDER BY x.address FOR UPDATE
)
DELETE FROM solver_scores x USING held WHERE x.address = held.address

-- name: refold
-- A solver's bond is what its last canonical registry event says.
INSERT INTO solvers (address, bond_wei, in_withdrawal_wei, registered_at, last_activity)
SELECT touched.address,
       (last.data ->> 'bond_wei')::numeric,
       coalesce((last.data ->> 'in_withdrawal_wei')::numeric, 0),
       (SELECT min(r.timestamp) FROM canonical_facts r WHERE r.actor = touched.address AND r.name = 'SolverRegistered'),
       last.timestamp
FROM unnest($1::bytea[]) AS touched (address)
JOIN LATERAL (
    SELECT f.data, f.timestamp FROM canonical_facts f
    WHERE f.actor = touched.address AND f.name IN ('SolverRegistered', 'BondChanged')
    ORDER BY f.block_number DESC, f.log_index DESC LIMIT 1
) last ON true
ORDER BY touched.address
ON CONFLICT (address) DO UPDATE SET
    bond_wei = excluded.bond_wei, in_withdrawal_wei = excluded.in_withdrawal_wei,
    registered_at = excluded.registered_at, last_activity = excluded.last_activity

-- name: find
SELECT * FROM known_solvers WHERE address = $1

-- name: find_many
SELECT * FROM known_solvers WHERE address = ANY ($1::bytea[])

-- name: list_best
-- Keys of a page of solvers, from after ($1, $2) on or from the best, down to the reputation $3.
SELECT address, reputation FROM solver_scores
WHERE (-reputation, address) > (-coalesce($1::bigint, 1000000), coalesce($2::bytea, ''::bytea))
  AND -reputation <= -$3::integer
ORDER BY -reputation, address
LIMIT $4

-- name: list_addresses
SELECT DISTINCT actor FROM facts WHERE name IN ('SolverRegistered', 'BondChanged') ORDER BY actor
