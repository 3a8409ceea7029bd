-- name: bind
-- A chain's first row; a later start reads it back and compares.
INSERT INTO checkpoints (chain_id, genesis_hash, start_block) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: find
SELECT * FROM checkpoints WHERE chain_id = $1

-- name: list
-- What a chain's indexer said last, unless that was "ok" and it does not hold its lease ($1 and the chain's id) any more.
SELECT c.chain_id, c.genesis_hash, c.start_block, c.number, c.hash, c.timestamp, c.head_number, c.head_timestamp,
       c.safe_number, c.finalized_number,
       CASE WHEN gone THEN 'unreachable' ELSE c.status END AS status,
       CASE WHEN gone THEN 'No indexer follows this chain.' ELSE c.detail END AS detail
FROM checkpoints c
CROSS JOIN LATERAL (
    SELECT c.status = 'ok' AND EXISTS (
        SELECT 1 FROM leases l WHERE l.name = $1 || c.chain_id::text AND l.expires_at < now()
    ) AS gone
) AS indexer
ORDER BY c.chain_id

-- name: put_blocks
-- A block that returns after a reorg is canonical again, and with it its facts.
INSERT INTO blocks (chain_id, number, hash, parent_hash, timestamp)
SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[])
ON CONFLICT (chain_id, hash) DO UPDATE SET canonical = true WHERE NOT blocks.canonical
RETURNING number, hash, (xmax <> 0) AS revived

-- name: list_block_hashes
-- Canonical hashes in a range, for finding the last block that two histories share.
SELECT number, hash FROM blocks WHERE chain_id = $1 AND canonical AND number BETWEEN $2 AND $3 ORDER BY number

-- name: orphan_blocks
UPDATE blocks SET canonical = false WHERE chain_id = $1 AND canonical AND number > $2

-- name: list_facts_above
-- Canonical facts of the blocks that a rollback is about to orphan.
SELECT * FROM canonical_facts WHERE chain_id = $1 AND block_number > $2 ORDER BY seq

-- name: list_facts_in
-- Facts that the ledger already has of blocks that came back.
SELECT * FROM facts WHERE chain_id = $1 AND block_number = ANY ($2::bigint[]) ORDER BY seq

-- name: advance
UPDATE checkpoints SET number = $2, hash = $3, timestamp = $4, status = 'ok', detail = NULL, updated_at = now()
WHERE chain_id = $1

-- name: put_heads
UPDATE checkpoints SET head_number = $2, head_timestamp = $3, safe_number = $4, finalized_number = $5,
       status = CASE WHEN status = 'unreachable' THEN 'ok' ELSE status END,
       detail = CASE WHEN status = 'unreachable' THEN NULL ELSE detail END, updated_at = now()
WHERE chain_id = $1

-- name: put_status
UPDATE checkpoints SET status = $2, detail = $3, updated_at = now() WHERE chain_id = $1
