-- name: load_before
-- The last canonical state of each pool $2 before its block $3.
SELECT wanted.pool, s.state
FROM unnest($2::bytea[], $3::bigint[]) AS wanted (pool, before)
CROSS JOIN LATERAL (
    SELECT s.state
    FROM pool_states s
    JOIN blocks b ON b.chain_id = s.chain_id AND b.hash = s.block_hash AND b.canonical
    WHERE s.chain_id = $1 AND s.pool = wanted.pool AND s.block_number < wanted.before
    ORDER BY s.block_number DESC LIMIT 1
) s

-- name: find_final
-- Up to where nothing is expected to change any more.
SELECT verified_number FROM checkpoints WHERE chain_id = $1

-- name: put
-- A state follows from its block: one that is there is the same.
INSERT INTO pool_states (chain_id, pool, block_number, block_hash, state)
SELECT $1, * FROM unnest($2::bytea[], $3::bigint[], $4::bytea[], $5::jsonb[])
ON CONFLICT DO NOTHING

-- name: prune
-- Of pools $2, what came before their last state in the blocks up to $3.
DELETE FROM pool_states s
WHERE s.chain_id = $1 AND s.pool = ANY ($2::bytea[]) AND s.block_number < (
    SELECT max(kept.block_number)
    FROM pool_states kept
    JOIN blocks b ON b.chain_id = kept.chain_id AND b.hash = kept.block_hash AND b.canonical
    WHERE kept.chain_id = s.chain_id AND kept.pool = s.pool AND kept.block_number <= $3
)

-- name: list_lost
-- Those of pools $2 that have no canonical state.
SELECT wanted.pool
FROM unnest($2::bytea[]) AS wanted (pool)
WHERE NOT EXISTS (
    SELECT 1 FROM pool_states s
    JOIN blocks b ON b.chain_id = s.chain_id AND b.hash = s.block_hash AND b.canonical
    WHERE s.chain_id = $1 AND s.pool = wanted.pool
)

-- name: list_facts
-- Canonical events of all pools of a chain after ($2, $3), in chain order.
SELECT f.intent_id, f.name, f.chain_id, f.block_number, f.block_hash, f.tx_hash, f.log_index, f.timestamp, f.data
FROM facts f
JOIN blocks b ON b.chain_id = f.chain_id AND b.hash = f.block_hash AND b.canonical
WHERE f.chain_id = $1 AND (f.block_number, f.log_index) > ($2::bigint, $3::int)
  AND f.name IN ('PoolCreated', 'TickCreated', 'TickCrossed', 'LiquidityAdded', 'LiquidityRemoved', 'FeesCollected',
                 'Swap')
ORDER BY f.block_number, f.log_index
LIMIT $4

-- name: list_chains
SELECT chain_id FROM checkpoints ORDER BY chain_id

-- name: lock
-- Nobody writes a state until this transaction ends.
LOCK TABLE pool_states IN SHARE ROW EXCLUSIVE MODE

-- name: drop
DELETE FROM pool_states WHERE chain_id = $1 AND ($2::bytea[] IS NULL OR pool = ANY ($2))

-- name: list_current
-- The state now of each pool ($1 its chain, $2 its address), as of its chain's last indexed block. A state that the
-- caller has already (its block's hash is among $3) is not sent again.
SELECT s.chain_id, s.pool, s.block_hash AS state_hash,
       CASE WHEN s.block_hash = ANY ($3::bytea[]) THEN NULL ELSE s.state END AS state,
       c.number, c.hash, c.timestamp
FROM unnest($1::bigint[], $2::bytea[]) AS wanted (chain_id, pool)
JOIN checkpoints c ON c.chain_id = wanted.chain_id AND c.number IS NOT NULL
CROSS JOIN LATERAL (
    SELECT s.chain_id, s.pool, s.block_hash, s.state
    FROM pool_states s
    JOIN blocks b ON b.chain_id = s.chain_id AND b.hash = s.block_hash AND b.canonical
    WHERE s.chain_id = wanted.chain_id AND s.pool = wanted.pool
    ORDER BY s.block_number DESC LIMIT 1
) s
