-- name: refold
-- A solver's bond is what its last canonical registry event says.
INSERT INTO solvers (address, bond_wei, in_withdrawal_wei, registered_at, last_activity)
SELECT touched.address,
       coalesce((last.data ->> 'bond_wei')::numeric, 0),
       coalesce((last.data ->> 'in_withdrawal_wei')::numeric, 0),
       (SELECT min(r.timestamp) FROM canonical_facts r WHERE r.actor = touched.address AND r.name = 'SolverRegistered'),
       last.timestamp
FROM unnest($1::bytea[]) AS touched (address)
LEFT JOIN LATERAL (
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
