-- name: blocks
SELECT to_jsonb(b) AS row FROM blocks b

-- name: facts
-- Facts with whether they count; the order in which they came and the clock of this machine are left out.
SELECT to_jsonb(f) - 'seq' - 'recorded_at'
       || jsonb_build_object('canonical', f.block_hash IS NULL OR coalesce(b.canonical, false)) AS row
FROM facts f
LEFT JOIN blocks b ON b.chain_id = f.chain_id AND b.hash = f.block_hash

-- name: intents
SELECT to_jsonb(i) AS row FROM intents i

-- name: deadlines
SELECT to_jsonb(d) AS row FROM deadlines d

-- name: solvers
SELECT to_jsonb(s) AS row FROM solvers s

-- name: checkpoints
SELECT to_jsonb(c) - 'updated_at' - 'status' - 'detail' - 'head_number' - 'head_timestamp' - 'safe_number'
       - 'finalized_number' AS row
FROM checkpoints c
