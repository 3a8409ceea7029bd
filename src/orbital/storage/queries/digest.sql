-- name: blocks
SELECT to_jsonb(b) - 'canonical' AS row FROM blocks b WHERE b.canonical

-- name: facts
-- A deadline that passed counts while something sets it: what set it may have fallen with its block.
SELECT to_jsonb(f) - 'seq' - 'recorded_at' AS row
FROM canonical_facts f
WHERE f.name <> 'DeadlinePassed'
   OR EXISTS (
       SELECT 1 FROM deadlines d
       WHERE d.intent_id = f.intent_id AND d.which = f.data ->> 'which' AND d.round = (f.data ->> 'round')::int
   )

-- name: intents
-- Of an intent whose body is not known only foreign evidence counts: no deadlines are set, so those that passed while
-- it was known, and what became of an award by them, are left over.
SELECT CASE
           WHEN i.status IS NULL
           THEN jsonb_build_object('intent_id', i.intent_id, 'protocol', i.protocol, 'legs', i.legs)
           ELSE to_jsonb(i)
       END AS row
FROM intents i
WHERE i.status IS NOT NULL OR i.legs <> '{}'

-- name: deadlines
SELECT to_jsonb(d) AS row FROM deadlines d

-- name: solvers
SELECT to_jsonb(s) AS row FROM solvers s

-- name: pools
-- Each pool's state now; how many earlier ones are kept depends on when blocks became final.
SELECT DISTINCT ON (s.chain_id, s.pool) to_jsonb(s) AS row
FROM pool_states s
JOIN blocks b ON b.chain_id = s.chain_id AND b.hash = s.block_hash AND b.canonical
ORDER BY s.chain_id, s.pool, s.block_number DESC

-- name: checkpoints
SELECT to_jsonb(c) - 'updated_at' - 'status' - 'detail' - 'head_number' - 'head_timestamp' - 'safe_number'
       - 'finalized_number' - 'verified_number' - 'blocks_per_second' - 'dispute_code' - 'dispute_number'
       - 'dispute_detail' AS row
FROM checkpoints c
