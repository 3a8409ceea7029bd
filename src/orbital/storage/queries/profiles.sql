-- name: register
-- A new profile; nothing comes back when the solver has one.
INSERT INTO solver_profiles (address, name, chain_ids, fee_bps, contact, nonce, deadline, signature)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (address) DO NOTHING
RETURNING address

-- name: start_score
-- The score of a solver that has none. It is dated yesterday, so that it is counted properly as soon as scores are.
INSERT INTO solver_scores (address, reputation, version, as_of, inputs)
VALUES ($1, $2, $3, (now() AT TIME ZONE 'UTC')::date - 1, '{}')
ON CONFLICT (address) DO NOTHING

-- name: change
-- What a solver says anew of itself; what is NULL stays.
UPDATE solver_profiles SET
    fee_bps = coalesce($2, fee_bps), contact = coalesce($3, contact), chain_ids = coalesce($4, chain_ids),
    paused = coalesce($5, paused), updated_at = now()
WHERE address = $1
RETURNING address

-- name: decide
INSERT INTO solver_decisions (solver, verdict, reason, admin) VALUES ($1, $2, $3, $4)
