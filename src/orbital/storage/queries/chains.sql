-- name: bind
-- A chain's first row; a later start reads it back and compares.
INSERT INTO checkpoints (chain_id, genesis_hash, start_block) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: find
SELECT * FROM checkpoints WHERE chain_id = $1

-- name: list
-- Every chain for readers.
SELECT * FROM followed_chains ORDER BY chain_id

-- name: put_blocks
-- A block that returns after a reorg is canonical again, and with it its facts.
INSERT INTO blocks (chain_id, number, hash, parent_hash, timestamp)
SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[])
ON CONFLICT (chain_id, hash) DO UPDATE SET canonical = true WHERE NOT blocks.canonical
RETURNING number, hash, (xmax <> 0) AS revived

-- name: list_block_hashes
-- Canonical hashes in a range, for finding the last block that two histories share.
SELECT number, hash FROM blocks WHERE chain_id = $1 AND canonical AND number BETWEEN $2 AND $3 ORDER BY number

-- name: find_block
SELECT number, hash, timestamp FROM blocks WHERE chain_id = $1 AND canonical AND number = $2

-- name: orphan_blocks
UPDATE blocks SET canonical = false WHERE chain_id = $1 AND canonical AND number > $2

-- name: list_facts_above
-- Canonical facts of the blocks that a rollback is about to orphan.
SELECT *, false AS canonical FROM canonical_facts WHERE chain_id = $1 AND block_number > $2 ORDER BY seq

-- name: list_facts_in
-- Facts that the ledger already has of blocks that came back.
SELECT *, true AS canonical FROM facts WHERE chain_id = $1 AND block_number = ANY ($2::bigint[]) ORDER BY seq

-- name: list_log_facts
-- What was read of the logs of canonical blocks, in chain order, for comparing it with what a node says.
SELECT * FROM canonical_facts
WHERE chain_id = $1 AND block_number BETWEEN $2 AND $3 AND log_index IS NOT NULL
ORDER BY block_number, log_index

-- name: find_full
-- The last of the blocks $2 to $3 up to which there are at most $4 facts of logs, give or take a block's.
SELECT least($3, (
    SELECT block_number FROM canonical_facts
    WHERE chain_id = $1 AND block_number BETWEEN $2 AND $3 AND log_index IS NOT NULL
    ORDER BY block_number OFFSET $4 LIMIT 1
))

-- name: advance
UPDATE checkpoints SET number = $2, hash = $3, timestamp = $4, status = 'ok', detail = NULL, updated_at = now()
WHERE chain_id = $1

-- name: go_on
-- The same from the block $5 with the parent $6 on, if that is where what is indexed ends.
UPDATE checkpoints SET number = $2, hash = $3, timestamp = $4, status = 'ok', detail = NULL, updated_at = now()
WHERE chain_id = $1 AND coalesce(number + 1, start_block) = $5 AND coalesce(hash = $6, true)
RETURNING number

-- name: put_heads
-- A tag that goes back, reads 0 or is above the head is not believed: what was said before stays.
UPDATE checkpoints SET head_number = $2, head_timestamp = $3, blocks_per_second = $6,
       safe_number = greatest(safe_number, CASE WHEN $4::bigint BETWEEN 1 AND $2 THEN $4 END),
       finalized_number = greatest(finalized_number, CASE WHEN $5::bigint BETWEEN 1 AND $2 THEN $5 END),
       status = CASE WHEN status = 'unreachable' THEN 'ok' ELSE status END,
       detail = CASE WHEN status = 'unreachable' THEN NULL ELSE detail END, updated_at = now()
WHERE chain_id = $1

-- name: verify
-- What was compared counts if the block that ended it is still ours: its hash stands for all before it.
UPDATE checkpoints c
SET verified_number = $2, dispute_code = NULL, dispute_number = NULL, dispute_detail = NULL
WHERE c.chain_id = $1 AND $2 >= coalesce(c.verified_number, c.start_block - 1)
  AND EXISTS (SELECT 1 FROM blocks b WHERE b.chain_id = $1 AND b.canonical AND b.number = $2 AND b.hash = $3)
RETURNING c.verified_number

-- name: forget_finality
-- An operator gives up what was final above $2. Where nothing was, nothing is: the least of a NULL and $2 would be $2.
UPDATE checkpoints SET safe_number = CASE WHEN safe_number > $2 THEN $2 ELSE safe_number END,
       finalized_number = CASE WHEN finalized_number > $2 THEN $2 ELSE finalized_number END,
       verified_number = CASE WHEN $2 < start_block THEN NULL WHEN verified_number > $2 THEN $2 ELSE verified_number END,
       dispute_code = NULL, dispute_number = NULL, dispute_detail = NULL
WHERE chain_id = $1

-- name: find_step
-- Down to which block a rewind goes next, so that it takes about $3 facts at a time: at least one block.
SELECT greatest($2, least(c.number - 1, (
    SELECT f.block_number FROM canonical_facts f
    WHERE f.chain_id = $1 AND f.block_number > $2
    ORDER BY f.block_number DESC OFFSET $3 LIMIT 1
))) FROM checkpoints c WHERE c.chain_id = $1

-- name: put_status
UPDATE checkpoints SET status = $2, detail = $3, updated_at = now() WHERE chain_id = $1

-- name: put_dispute
UPDATE checkpoints SET dispute_code = $2, dispute_number = $3, dispute_detail = $4 WHERE chain_id = $1
